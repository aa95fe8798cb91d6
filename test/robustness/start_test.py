"""Starting and stopping: one line when ready, one clear message when not, nothing lost between."""
import os
import socket
import subprocess
import tempfile
import unittest

import wire
from process import BINARY, Broker, NotReady


class Starting(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.data = self.directory.name + "/data"

    def tearDown(self):
        self.directory.cleanup()

    def refusal(self, *flags, data=None, **more):
        with self.assertRaises(NotReady) as refused:
            Broker(data or self.data, *flags, **more)
        return refused.exception

    def test_what_was_acknowledged_is_there_after_every_kind_of_stop(self):
        with Broker(self.data) as broker, broker.client() as client:
            client.create_topic("t")
            client.produce("t", 0, [b"a", b"b"])
            client.commit_offset("g", "t", 0, 1)
            self.assertEqual(broker.stop(), 0)
        with Broker(self.data) as broker, broker.client() as client:
            self.assertEqual(client.fetch_all("t"), [(0, b"a"), (1, b"b")])
            self.assertEqual(client.produce("t", 0, [b"c"]), 2)
            broker.kill()
        with Broker(self.data) as broker, broker.client() as client:
            self.assertEqual(client.fetch_all("t"), [(0, b"a"), (1, b"b"), (2, b"c")])
            self.assertEqual(client.committed_offset("g", "t", 0), 1)

    def test_a_stop_answers_what_is_in_flight(self):
        with Broker(self.data) as broker, broker.client() as client:
            client.create_topic("t")
            sent = [client.send_produce("t", 0, wire.batch([b"x" * 1000])) for _ in range(20)]
            client.receive_produce(sent[0])
            self.assertEqual(broker.stop(), 0)
            answered = 1
            try:
                for correlation in sent[1:]:
                    self.assertEqual(client.receive_produce(correlation)[0], 0)
                    answered += 1
            except ConnectionError:
                pass
        with Broker(self.data) as broker, broker.client() as client:
            self.assertGreaterEqual(len(client.fetch_all("t")), answered)

    def test_a_taken_port_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            refused = self.refusal(listen=f"127.0.0.1:{port}")
        self.assertEqual(refused.code, 1)
        self.assertIn(f"127.0.0.1:{port}", refused.stderr)
        self.assertIn("another process has this port", refused.stderr)

    def test_a_locked_data_directory_is_named_with_its_holder(self):
        with Broker(self.data) as holder:
            refused = self.refusal()
            self.assertEqual(refused.code, 1)
            self.assertIn(self.data, refused.stderr)
            self.assertIn(str(holder.process.pid), refused.stderr)
            with holder.client() as client:
                self.assertEqual(client.create_topic("still.served"), 0)

    def test_a_data_directory_that_cannot_be_made_is_named(self):
        in_the_way = self.directory.name + "/file"
        with open(in_the_way, "w") as file:
            file.write("not a directory")
        refused = self.refusal(data=in_the_way + "/data")
        self.assertEqual(refused.code, 1)
        self.assertIn(in_the_way, refused.stderr)

    def test_wrong_use_names_flag_value_and_what_is_allowed(self):
        for flags, expected in (
                (["--listen", "nonsense"], "--listen: 'nonsense' has no port"),
                (["--set", "num.partitions=0"], "num.partitions is '0'; allowed: 1 to"),
                (["--durability", "maybe"], "--durability is 'maybe'; allowed: synced"),
                (["--listen", "0.0.0.0:0"], "--advertise")):
            done = subprocess.run([BINARY, "serve", "--data", self.data, *flags], capture_output=True,
                                  text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_a_listener_that_others_can_reach_is_named(self):
        with Broker(self.data, "--advertise", "127.0.0.1:0", listen="0.0.0.0:0") as broker:
            self.assertIn("no authentication", broker.stderr())

    def test_relaxed_durability_is_named(self):
        for how in ("page-cache", "memory"):
            with Broker(self.data, "--durability", how) as broker:
                self.assertIn(f"durability is {how}", broker.stderr())

    def test_http_says_how_it_is(self):
        with Broker(self.data) as broker, broker.client() as client:
            client.create_topic("t")
            self.assertEqual(broker.get("/healthz"), (200, "ok\n"))
            self.assertEqual(broker.get("/readyz"), (200, "ready\n"))
            status, text = broker.get("/no-such")
            self.assertEqual(status, 404)
            self.assertIn("/metrics", text)
            self.assertEqual(broker.metric("klamm_topics"), 1)
            self.assertEqual(broker.metric("klamm_connections"), 1)
            self.assertEqual(broker.metric('klamm_requests_total{api="CreateTopics"}'), 1)

    def test_the_environment_sets_what_flags_do_not(self):
        os.environ["KLAMM_DURABILITY"] = "memory"
        try:
            with Broker(self.data) as broker:
                self.assertIn("durability is memory", broker.stderr())
        finally:
            del os.environ["KLAMM_DURABILITY"]


if __name__ == "__main__":
    unittest.main()
