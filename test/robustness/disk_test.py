"""A full disk, a limited disk, a flipped bit."""
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time
import unittest

import wire
from process import Broker, NotReady

MIB = 1 << 20
SCHEMA = json.dumps({"type": "record", "name": "r", "doc": "d" * 2000, "fields": []})


def produce_until_refused(client, topic, raw, count_max):
    """Produces the same batch again and again: (acknowledged, the refusal or None)"""
    for acknowledged in range(count_max):
        code, _ = client.try_produce(topic, 0, raw)
        if code != 0:
            return acknowledged, wire.Refused(code)
    return count_max, None


class FullDisk(unittest.TestCase):
    """On a small file system of its own when we may mount one, else with a limit on file sizes."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=420m", "klamm", self.directory.name],
            capture_output=True, check=False).returncode == 0

    def tearDown(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.directory.name], check=True)
        self.directory.cleanup()

    def test_produces_fail_with_a_retriable_error_reads_go_on_and_it_recovers(self):
        if not self.mounted:
            self.skipTest("needs the right to mount a tmpfs")
        ballast = pathlib.Path(self.directory.name) / "ballast"
        with Broker(self.directory.name + "/data") as broker, broker.client() as client:
            client.create_topic("t")
            ballast.write_bytes(bytes(150 * MIB))
            large = wire.batch([bytes(900_000)])
            count, refused = produce_until_refused(client, "t", large, 400)
            self.assertIsNotNone(refused, "the disk was never full")
            self.assertTrue(refused.retriable, f"error {refused.code} is not retriable")
            self.assertGreater(count, 0)
            self.check_reads(client, count)
            client.commit_offset("g", "t", 0, count)
            _, refused = produce_until_refused(client, "t", wire.batch([bytes(500)]), 5000)
            self.assertIsNotNone(refused, "there was room for small batches")
            status, answer = broker.ask("POST", "/subjects/s/versions", {"schema": SCHEMA})
            self.assertEqual((status, answer["error_code"]), (500, 50001), answer)
            self.assertIn("journal is full", answer["message"])
            self.assertEqual(broker.ask("GET", "/subjects"), (200, []))

            ballast.unlink()
            until = time.monotonic() + 30
            while time.monotonic() < until:
                _, refused = produce_until_refused(client, "t", wire.batch([b"after"]), 1)
                if refused is None:
                    break
                time.sleep(0.05)
            self.assertIsNone(refused, "it did not recover when space returned")
            status, answer = broker.ask("POST", "/subjects/s/versions", {"schema": SCHEMA})
            self.assertEqual((status, answer["id"]), (200, 1))
            broker.kill()
        with Broker(self.directory.name + "/data") as broker, broker.client() as client:
            self.check_reads(client, count)
            self.assertEqual(client.committed_offset("g", "t", 0), count)

    def check_reads(self, client, count):
        for offset in (0, count // 2, count - 1):
            code, _, raw = client.fetch("t", 0, offset)
            self.assertEqual(code, 0)
            self.assertEqual(next(wire.read_batches(raw)), (offset, bytes(900_000)))

    def test_a_disk_without_any_room_is_named_at_the_start(self):
        with self.assertRaises(NotReady) as refused:
            Broker(self.directory.name + "/data", limits=[(resource.RLIMIT_FSIZE, (MIB, MIB))])
        self.assertEqual(refused.exception.code, 1)
        self.assertIn(self.directory.name, refused.exception.stderr)


class FlippedBit(unittest.TestCase):
    def test_it_is_named_with_file_and_offset_and_never_served(self):
        with tempfile.TemporaryDirectory() as directory:
            with Broker(directory + "/data") as broker, broker.client() as client:
                client.create_topic("t")
                for i in range(50):
                    client.produce("t", 0, [b"needle %d" % i])
                broker.kill()
            path, at = find(directory, b"needle 25")
            with open(path, "r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 0x10]))
            with self.assertRaises(NotReady) as refused:
                Broker(directory + "/data")
            self.assertEqual(refused.exception.code, 1)
            self.assertIn(os.path.basename(path), refused.exception.stderr)
            self.assertRegex(refused.exception.stderr, r"(byte|offset) \d+")

    def test_one_behind_a_checkpoint_is_found_when_it_is_read(self):
        with tempfile.TemporaryDirectory() as directory:
            with Broker(directory + "/data") as broker, broker.client() as client:
                client.create_topic("t")
                for i in range(50):
                    client.produce("t", 0, [b"needle %d" % i])
                self.assertEqual(broker.stop(), 0)
            path, at = find(directory, b"needle 25")
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(b"N")
            with Broker(directory + "/data") as broker, broker.client() as client:
                code, _, raw = client.fetch("t", 0, 0)
                served = [value for _, value in wire.read_batches(raw)]
                if code == 0:
                    self.assertLess(len(served), 26)
                code, _, raw = client.fetch("t", 0, 25)
                self.assertNotEqual(code, 0, "a damaged batch was served")
                self.assertEqual(raw, b"")
                broker.wait_for_log(os.path.basename(path))
                code, _, raw = client.fetch("t", 0, 26)
                self.assertEqual((code, next(wire.read_batches(raw))), (0, (26, b"needle 26")))


def find(directory, needle):
    for path in sorted(pathlib.Path(directory).rglob("*")):
        if path.is_file() and (at := path.read_bytes().find(needle)) >= 0:
            return str(path), at
    raise AssertionError(f"{needle} is in no file")


if __name__ == "__main__":
    unittest.main()
