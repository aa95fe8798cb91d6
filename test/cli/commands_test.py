"""Each command of the program against a broker: what it prints for programs, and how it ends."""
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from process import BINARY, Broker

NOWHERE = "127.0.0.1:1"


def run(*arguments, stdin="", env=None):
    return subprocess.run([BINARY, *arguments], input=stdin.encode(), capture_output=True, timeout=60,
                          env={**os.environ, **(env or {})})


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.broker = Broker(cls.directory.name + "/data")
        cls.bootstrap = f"127.0.0.1:{cls.broker.port}"

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()
        cls.directory.cleanup()

    def klamm(self, *arguments, stdin="", code=0):
        """Its stdout, after it ended with `code`."""
        done = run(*arguments, stdin=stdin, env={"KLAMM_BOOTSTRAP": self.bootstrap})
        self.assertEqual(done.returncode, code, done.stderr.decode())
        self.stderr = done.stderr.decode()
        return done.stdout.decode()

    def objects(self, *arguments, **more):
        """One JSON document or several, one a line."""
        return [json.loads(line) for line in self.klamm(*arguments, "--json", **more).splitlines()]

    def values(self, topic, *arguments):
        return [record["value"] for record in self.objects("consume", topic, *arguments)]

    # ---- topics

    def test_a_topic_from_its_creation_to_its_end(self):
        self.klamm("topic", "create", "life", "--partitions", "2", "--config", "retention.ms=1000000")
        self.assertIn({"topic": "life", "partitions": 2, "replicas": 1}, self.objects("topic", "list")[0])
        self.klamm("topic", "alter", "life", "--partitions", "3", "--config", "cleanup.policy=compact")
        [[topic]] = self.objects("topic", "describe", "life")
        self.assertEqual(len(topic["partitions"]), 3)
        self.assertEqual(topic["settings"], {"cleanup.policy": "compact", "retention.ms": "1000000"})
        self.klamm("topic", "alter", "life", "--unset", "retention.ms")
        self.assertEqual(self.objects("topic", "describe", "life")[0][0]["settings"],
                         {"cleanup.policy": "compact"})
        self.klamm("topic", "delete", "life")
        self.assertNotIn("life", self.klamm("topic", "list"))

    def test_a_topic_that_exists_is_an_error_unless_that_is_fine(self):
        self.klamm("topic", "create", "twice")
        self.klamm("topic", "create", "twice", code=1)
        self.assertIn("exists", self.stderr)
        self.assertEqual(self.objects("topic", "create", "twice", "--if-not-exists"),
                         [{"topic": "twice", "created": False}])

    def test_what_cannot_be_done_with_topics_is_said(self):
        self.klamm("topic", "create", "bad name", code=1)
        self.klamm("topic", "describe", "nope", code=1)
        self.assertIn("there is no topic nope", self.stderr)
        self.klamm("topic", "delete", "nope", code=1)
        self.klamm("topic", "create", "strange", "--config", "no.such.setting=1", code=1)
        self.assertIn("no.such.setting", self.stderr)
        self.klamm("topic", "create", "strange", "--config", "retention.ms", code=2)
        self.klamm("topic", "create", "fewer", "--partitions", "2")
        self.klamm("topic", "alter", "fewer", "--partitions", "1", code=1)
        self.klamm("topic", "alter", "fewer", code=2)

    def test_describing_never_creates(self):
        self.klamm("topic", "describe", "ghost", code=1)
        self.klamm("consume", "ghost", code=1)
        self.assertNotIn("ghost", self.klamm("topic", "list"))

    # ---- records

    def test_lines_come_back_with_key_headers_and_offsets(self):
        [summary] = self.objects("produce", "lines", "-K", ":", "-H", "from=test", stdin="a:1\nb:2:3\nc:\n")
        self.assertEqual((summary["sent"], summary["acknowledged"], summary["refused"]), (3, 3, 0))
        records = self.objects("consume", "lines")
        self.assertEqual([(r["offset"], r["key"], r["value"]) for r in records],
                         [(0, "a", "1"), (1, "b", "2:3"), (2, "c", "")])
        self.assertEqual(records[0]["headers"], [{"name": "from", "value": "test"}])
        self.assertEqual(self.klamm("consume", "lines", "--raw"), "1\n2:3\n\n")

    def test_a_file_a_key_and_a_partition(self):
        self.klamm("topic", "create", "parts", "--partitions", "3")
        path = os.path.join(self.directory.name, "lines.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("one\ntwo")
        self.klamm("produce", "parts", "--file", path, "--key", "k", "--partition", "2")
        records = self.objects("consume", "parts", "-p", "2")
        self.assertEqual([(r["partition"], r["key"], r["value"]) for r in records], [(2, "k", "one"), (2, "k", "two")])
        self.assertEqual(self.values("parts", "-p", "0"), [])
        self.klamm("produce", "parts", "--file", "/nowhere", code=1)
        self.klamm("produce", "parts", "--partition", "7", stdin="x\n", code=1)
        self.assertIn("no partition 7", self.stderr)
        self.klamm("consume", "parts", "-p", "7", code=2)

    def test_every_codec_carries_a_load(self):
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            topic = "load-" + codec
            [summary] = self.objects("produce", topic, "--count", "500", "--size", "300", "--codec", codec)
            self.assertEqual(summary["acknowledged"], 500)
            values = self.values(topic)
            self.assertEqual([value[:10] for value in values], [f"{i:010}" for i in range(500)])
            self.assertEqual({len(value) for value in values}, {300})

    def test_a_line_without_its_separator_stops_with_its_number(self):
        self.klamm("produce", "separated", "-K", ":", stdin="a:1\nb\n", code=1)
        self.assertIn("stdin:2", self.stderr)
        self.assertEqual(self.values("separated"), ["1"])

    def test_bytes_that_are_no_text_are_marked(self):
        done = subprocess.run([BINARY, "produce", "bytes", "-b", self.bootstrap], input=b"\xff\x00z\n", timeout=60,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.objects("consume", "bytes")[0]["value_base64"], "/wB6")
        self.assertIn("\\xff\\x00z", self.klamm("consume", "bytes"))

    def test_reading_begins_where_it_is_told(self):
        self.klamm("produce", "places", stdin="".join(f"{i}\n" for i in range(10)))
        self.assertEqual(self.values("places", "--from", "7"), ["7", "8", "9"])
        self.assertEqual(self.values("places", "--from", "-2"), ["8", "9"])
        self.assertEqual(self.values("places", "--from", "end"), [])
        self.assertEqual(self.values("places", "--count", "2"), ["0", "1"])
        self.assertEqual(len(self.values("places", "--from", "2001-01-31T12:00")), 10)
        self.assertEqual(self.values("places", "--from", "2100-01-31"), [])
        self.klamm("consume", "places", "--from", "2001-02-30", code=2)
        self.klamm("consume", "places", "--from", "somewhere", code=2)

    def test_following_goes_on_until_it_is_told_to_stop(self):
        self.klamm("produce", "endless", stdin="before\n")
        process = subprocess.Popen([BINARY, "consume", "endless", "--follow", "--raw", "-b", self.bootstrap],
                                   stdout=subprocess.PIPE)
        try:
            self.assertEqual(process.stdout.readline(), b"before\n")
            self.klamm("produce", "endless", stdin="after\n")
            self.assertEqual(process.stdout.readline(), b"after\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    # ---- groups

    def test_a_group_reads_once_and_can_be_moved(self):
        self.klamm("produce", "work", stdin="a\nb\nc\n")
        self.assertEqual(self.values("work", "--group", "workers", "--count", "2"), ["a", "b"])
        [[group]] = self.objects("group", "describe", "workers")
        self.assertEqual(group["state"], "Empty")
        [partition] = group["partitions"]
        self.assertEqual((partition["committed"], partition["next"], partition["lag"]), (2, 3, 1))
        self.assertEqual(self.values("work", "--group", "workers"), ["c"])

        [dry] = self.objects("group", "reset", "workers", "--to-earliest", "--dry-run")
        self.assertEqual(dry["partitions"], [{"topic": "work", "partition": 0, "was": 3, "offset": 0}])
        self.assertEqual(self.objects("group", "describe", "workers")[0][0]["partitions"][0]["committed"], 3)
        self.klamm("group", "reset", "workers", "--topic", "work:0", "--to-offset", "1")
        self.assertEqual(self.values("work", "--group", "workers"), ["b", "c"])
        self.klamm("group", "reset", "workers", "--to-time", "2001-01-01")
        self.assertEqual(self.values("work", "--group", "workers", "--count", "1"), ["a"])
        self.klamm("group", "reset", "workers", "--to-latest")
        self.assertEqual(self.objects("group", "describe", "workers")[0][0]["partitions"][0]["lag"], 0)

        self.assertIn("workers", [g["group"] for g in self.objects("group", "list")[0]])
        self.klamm("group", "delete", "workers")
        self.assertNotIn("workers", [g["group"] for g in self.objects("group", "list")[0]])
        self.klamm("group", "describe", "workers", code=1)
        self.assertIn("there is no group workers", self.stderr)

    def test_a_group_at_work_shows_its_member_and_is_not_reset(self):
        self.klamm("produce", "busy", stdin="x\n")
        process = subprocess.Popen([BINARY, "consume", "busy", "--group", "busy-group", "--follow", "--raw",
                                    "-b", self.bootstrap], stdout=subprocess.PIPE)
        try:
            self.assertEqual(process.stdout.readline(), b"x\n")
            until = time.monotonic() + 30
            while True:
                [[group]] = self.objects("group", "describe", "busy-group")
                if group["state"] == "Stable" and group["partitions"][0]["committed"] == 1:
                    break
                self.assertLess(time.monotonic(), until, group)
                time.sleep(0.1)
            self.assertEqual([m["client"] for m in group["members"]], ["klamm"])
            self.assertEqual(group["partitions"][0]["member"], group["members"][0]["member"])
            self.klamm("group", "reset", "busy-group", "--to-earliest", code=1)
            self.assertIn("stop its consumers first", self.stderr)
            self.klamm("group", "delete", "busy-group", code=1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(30), 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        self.klamm("group", "delete", "busy-group")

    def test_a_reset_says_what_it_lacks(self):
        self.klamm("group", "reset", "nobody", code=2)
        self.klamm("group", "reset", "nobody", "--to-earliest", "--to-latest", code=2)
        self.klamm("group", "reset", "nobody", "--to-earliest", code=1)
        self.assertIn("--topic", self.stderr)
        self.klamm("topic", "create", "one-part")
        self.klamm("group", "reset", "nobody", "--to-earliest", "--topic", "one-part:5", code=2)

    # ---- transactions

    def begin_transaction(self, transactional_id, topic):
        """Leaves one ongoing, as a producer that hangs does."""
        def text(value):
            return struct.pack(">h", len(value)) + value.encode()

        def ask(connection, api, version, body):
            header = struct.pack(">hhih", api, version, 1, -1)
            connection.sendall(struct.pack(">i", len(header + body)) + header + body)
            stream = connection.makefile("rb")
            [size] = struct.unpack(">i", stream.read(4))
            return stream.read(size)

        with socket.create_connection(("127.0.0.1", self.broker.port)) as connection:
            answer = ask(connection, 22, 1, text(transactional_id) + struct.pack(">i", 600_000))
            _, _, error, producer, epoch = struct.unpack(">iihqh", answer)
            self.assertEqual(error, 0)
            answer = ask(connection, 24, 0, text(transactional_id) + struct.pack(">qhi", producer, epoch, 1)
                         + text(topic) + struct.pack(">ii", 1, 0))
            self.assertEqual(answer[-2:], b"\0\0")
        return producer

    def test_a_transaction_that_hangs_is_found_and_aborted(self):
        self.klamm("topic", "create", "moved")
        producer = self.begin_transaction("mover", "moved")
        [[found]] = self.objects("txn", "list")
        self.assertGreaterEqual(found.pop("age_ms"), 0)
        self.assertEqual(found, {"transactional_id": "mover", "state": "Ongoing", "timeout_ms": 600_000,
                                 "producer_id": producer, "producer_epoch": 0,
                                 "partitions": [{"topic": "moved", "partition": 0}]})
        self.assertEqual(self.objects("txn", "list", "--older-than", "500"), [[]])
        self.assertIn("moved-0", self.klamm("txn", "describe", "mover"))
        self.klamm("txn", "describe", "nobody", code=1)
        self.klamm("txn", "abort", "nobody", code=1)
        self.assertEqual(self.objects("txn", "abort", "mover"),
                         [{"transactional_id": "mover", "aborted": True}])
        self.assertEqual(self.objects("txn", "list"), [[]])
        [[ended]] = self.objects("txn", "list", "--all")
        self.assertEqual((ended["state"], ended["age_ms"]), ("Empty", None))
        self.klamm("txn", "abort", "mover", code=1)
        self.assertIn("no ongoing transaction", self.stderr)

    # ---- the program

    def test_the_protocol_is_printed(self):
        self.assertIn("| Fetch | 1 |", self.klamm("apis"))
        self.assertIn("session_epoch", self.klamm("apis", "FetchRequest"))
        names = [message["name"] for message in json.loads(self.klamm("apis", "--json"))]
        self.assertIn("ProduceRequest", names)
        self.klamm("apis", "NoSuchMessage", code=1)

    def test_the_simulation_reports_its_seeds(self):
        [report] = self.objects("sim", "--seed", "5", "--seeds", "2")
        self.assertEqual((report["first_seed"], report["seeds"], report["failing_seed"]), (5, 2, None))
        self.assertGreater(report["records_acknowledged"], 0)
        self.klamm("sim", "--seeds", "0", code=2)
        self.klamm("sim", "--seeds", "1", "--minutes", "1", code=2)

    def test_help_shows_examples_and_wrong_use_ends_with_2(self):
        for command in (["produce"], ["consume"], ["topic"], ["group"], ["txn"], ["demo"],
                        ["apis"]):
            self.assertIn("klamm " + command[0], self.klamm(*command, "--help"))
        self.assertTrue(self.klamm("--version").startswith("klamm "))
        for wrong in ([], ["nonsense"], ["topic"], ["topic", "create"], ["consume", "t", "--nonsense"],
                      ["topic", "list", "-X", "no.such.property=1"], ["topic", "list", "-X", "nothing"],
                      ["produce", "t", "--codec", "zip"], ["produce", "t", "-k", "a", "-K", ":"],
                      ["consume", "t", "--json", "--raw"]):
            self.klamm(*wrong, code=2)

    def test_nobody_listening_is_said_at_once_with_what_to_do(self):
        for command in (["topic", "list"], ["group", "list"], ["txn", "list"], ["consume", "t"], ["produce", "t"]):
            begin = time.monotonic()
            self.klamm(*command, "--bootstrap", NOWHERE, "--timeout", "50", code=1)
            self.assertLess(time.monotonic() - begin, 40)
            self.assertIn(NOWHERE, self.stderr)
            self.assertIn("refused", self.stderr)
            self.assertIn("klamm serve", self.stderr)


if __name__ == "__main__":
    unittest.main()
