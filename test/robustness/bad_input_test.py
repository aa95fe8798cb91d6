"""Bad input: a clear error or a closed connection with the reason logged; the others go on."""
import struct
import tempfile
import unittest

import wire
from process import Broker

CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC = 2, 3, 17
UNSUPPORTED_VERSION = 35


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.broker = Broker(cls.directory.name + "/data", "--set", "klamm.frame.silence.max.ms=400",
                            "--set", "socket.request.max.bytes=1000000")
        cls.other = cls.broker.client()
        cls.other.create_topic("good")

    @classmethod
    def tearDownClass(cls):
        cls.other.close()
        cls.broker.__exit__()
        cls.directory.cleanup()

    def setUp(self):
        self.client = self.broker.client()

    def tearDown(self):
        self.client.close()
        # Whatever this client did, another one is served.
        before = len(self.other.fetch_all("good"))
        self.other.produce("good", 0, [b"still here"])
        self.assertEqual(len(self.other.fetch_all("good")), before + 1)

    def assert_cut(self, reason):
        self.assertTrue(self.client.is_closed(), "the connection is still open")
        self.broker.wait_for_log(reason)

    def test_an_unknown_api_closes_the_connection_and_is_named(self):
        self.client.send(999, b"", version=0)
        self.assert_cut("999")

    def test_an_unknown_version_closes_the_connection_and_is_named(self):
        self.client.send(wire.METADATA, wire.array([]), version=99)
        self.assert_cut("99")

    def test_an_unknown_version_of_api_versions_is_answered_with_the_list(self):
        reader = self.client.call(wire.API_VERSIONS, b"", version=99)
        self.assertEqual(reader.number("h"), UNSUPPORTED_VERSION)
        keys = [row[0] for row in reader.array(
            lambda: (reader.number("h"), reader.number("h"), reader.number("h")))]
        self.assertIn(wire.PRODUCE, keys)

    def test_an_oversized_frame_closes_the_connection(self):
        self.client.socket.sendall(struct.pack(">i", 1_000_001))
        self.assert_cut("a frame of 1000001 bytes")

    def test_a_negative_frame_closes_the_connection(self):
        self.client.socket.sendall(struct.pack(">i", -5))
        self.assert_cut("a frame of -5 bytes")

    def test_http_on_the_kafka_port_is_recognised(self):
        self.client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        self.assert_cut("looks like HTTP")

    def test_a_wrong_crc_is_an_error_of_its_partition(self):
        raw = bytearray(wire.batch([b"value"]))
        raw[-1] ^= 1
        self.assertEqual(self.client.try_produce("good", 0, bytes(raw))[0], CORRUPT_MESSAGE)

    def test_a_truncated_batch_is_an_error_of_its_partition(self):
        raw = wire.batch([b"value"])
        for size in (1, 11, 60, len(raw) - 1):
            code, _ = self.client.try_produce("good", 0, raw[:size])
            self.assertEqual(code, CORRUPT_MESSAGE, f"{size} bytes")

    def test_a_count_of_records_that_is_none_is_refused(self):
        for count in (-1, 0, 2, 2**31 - 1):
            raw = bytearray(wire.batch([b"value"]))
            raw[57:61] = struct.pack(">i", count)
            raw[17:21] = struct.pack(">I", wire.crc32c(raw[21:]))
            self.assertNotEqual(self.client.try_produce("good", 0, bytes(raw))[0], 0, f"count {count}")

    def test_bad_topic_names_are_refused(self):
        for name in ("", ".", "..", "a/b", "a b", "x" * 250):
            self.assertEqual(self.client.create_topic(name), INVALID_TOPIC, repr(name))

    def test_unknown_partitions_are_errors_and_not_made(self):
        for partition in (1, 2**31 - 1, -1):
            code, _ = self.client.try_produce("good", partition, wire.batch([b"value"]))
            self.assertEqual(code, UNKNOWN_TOPIC_OR_PARTITION)
            self.assertEqual(self.client.fetch("good", partition, 0)[0], UNKNOWN_TOPIC_OR_PARTITION)

    def test_negative_counts_close_the_connection(self):
        for count in (-2, -(2**31), 2**31 - 1):
            with self.broker.client() as client:
                client.send(wire.METADATA, struct.pack(">i", count))
                self.assertTrue(client.is_closed(), f"count {count}")

    def test_half_a_frame_and_then_silence_closes_the_connection(self):
        self.client.socket.sendall(struct.pack(">i", 100) + b"half")
        self.assert_cut("began a frame and then said nothing")

    def test_an_empty_frame_closes_the_connection(self):
        self.client.socket.sendall(struct.pack(">i", 0))
        self.assertTrue(self.client.is_closed())

    def test_requests_of_one_connection_are_answered_in_order(self):
        sent = [self.client.send_produce("good", 0, wire.batch([b"value"])) for _ in range(50)]
        sent.append(self.client.send(wire.API_VERSIONS, b""))
        offsets = [self.client.receive_produce(correlation)[1] for correlation in sent[:-1]]
        self.assertEqual(offsets, list(range(offsets[0], offsets[0] + 50)))
        self.client.receive(sent[-1])

    def test_random_bytes_never_end_the_broker(self):
        import random
        chance = random.Random(11)
        for _ in range(300):
            with self.broker.client() as client:
                body = chance.randbytes(chance.randrange(200))
                api = chance.choice([0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18, 19, 20, 22, 32])
                head = struct.pack(">hhi", api, chance.randrange(13), 1) + wire.string("x")
                client.socket.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        self.assertIsNone(self.broker.process.poll())


if __name__ == "__main__":
    unittest.main()
