"""Many connections, slow ones, and those that never read."""
import resource
import socket
import struct
import tempfile
import time
import unittest

import wire
from process import Broker


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Connections(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.data = self.directory.name + "/data"

    def tearDown(self):
        self.directory.cleanup()

    def test_ten_thousand_that_say_nothing_do_not_disturb_a_producer(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        count = min(10_000, hard - 300)
        with Broker(self.data) as broker, broker.client() as client:
            client.create_topic("t")
            client.produce("t", 0, [b"before"])
            before = rss_kib(broker.process.pid)
            silent = [socket.create_connection(("127.0.0.1", broker.port)) for _ in range(count)]
            try:
                slowest = 0
                for i in range(300):
                    started = time.monotonic()
                    client.produce("t", 0, [b"%d" % i])
                    slowest = max(slowest, time.monotonic() - started)
                self.assertEqual(len(client.fetch_all("t")), 301)
                self.assertEqual(broker.metric("klamm_connections"), count + 1)
                each = (rss_kib(broker.process.pid) - before) * 1024 / count
                print(f"{count} silent connections: {each:.0f} bytes each; slowest produce "
                      f"{slowest * 1000:.1f} ms")
                self.assertLess(each, 4096)
            finally:
                for one in silent:
                    one.close()
            client.produce("t", 0, [b"after"])

    def test_those_beyond_the_limit_are_closed_at_once(self):
        with Broker(self.data, "--set", "max.connections=3") as broker:
            clients = [broker.client() for _ in range(3)]
            for client in clients:
                client.call(wire.API_VERSIONS, b"")
            with broker.client() as fourth:
                self.assertTrue(fourth.is_closed())
            broker.wait_for_log("max.connections")
            clients[0].create_topic("t")
            clients[1].close()
            deadline = time.monotonic() + 10
            while broker.metric("klamm_connections") > 2:
                self.assertLess(time.monotonic(), deadline)
            with broker.client() as again:
                again.call(wire.API_VERSIONS, b"")
            for client in clients:
                client.close()

    def test_one_that_does_not_read_its_responses_is_closed_and_costs_little(self):
        with Broker(self.data, "--set", "klamm.frame.silence.max.ms=1000") as broker:
            with broker.client() as client, broker.client() as greedy:
                client.create_topic("t")
                for _ in range(20):
                    client.produce("t", 0, [bytes(900_000)])
                before = rss_kib(broker.process.pid)
                greedy.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                part = struct.pack(">iqi", 0, 0, 10 << 20)
                body = struct.pack(">iiiib", -1, 0, 1, 10 << 20, 0)
                for _ in range(90):
                    greedy.send(wire.FETCH, body + wire.array([wire.string("t") + wire.array([part])]))
                client.produce("t", 0, [b"others are served"])
                self.assertLess(rss_kib(broker.process.pid) - before, 64 * 1024)
                broker.wait_for_log("did not read its responses")

    def test_frames_that_are_never_finished_are_bounded_together(self):
        flags = ["--set", "klamm.request.bytes.in.flight.max=8000000",
                 "--set", "klamm.frame.silence.max.ms=2000"]
        with Broker(self.data, *flags) as broker, broker.client() as client:
            client.create_topic("t")
            before = rss_kib(broker.process.pid)
            greedy = []
            for _ in range(30):
                one = socket.create_connection(("127.0.0.1", broker.port))
                one.setblocking(False)
                try:
                    one.send(struct.pack(">i", 50 << 20) + bytes(4 << 20))
                except BlockingIOError:
                    pass
                greedy.append(one)
            time.sleep(0.5)
            self.assertLess(rss_kib(broker.process.pid) - before, 40 * 1024)
            broker.wait_for_log("klamm.request.bytes.in.flight.max")
            for one in greedy:
                one.close()
            client.close()
            with broker.client() as again:
                again.produce("t", 0, [b"served again"])

    def test_more_requests_than_the_queue_holds_only_wait(self):
        flags = ["--set", "queued.max.requests=1", "--set", "klamm.connection.requests.max=2"]
        with Broker(self.data, *flags) as broker:
            clients = [broker.client() for _ in range(8)]
            clients[0].create_topic("t")
            sent = [[client.send_produce("t", 0, wire.batch([b"x"])) for _ in range(40)]
                    for client in clients]
            offsets = []
            for client, correlations in zip(clients, sent):
                for correlation in correlations:
                    code, offset = client.receive_produce(correlation)
                    self.assertEqual(code, 0)
                    offsets.append(offset)
            self.assertEqual(sorted(offsets), list(range(320)))
            self.assertGreater(broker.metric("klamm_reads_paused_total"), 0)
            for client in clients:
                client.close()


if __name__ == "__main__":
    unittest.main()
