"""A compacted topic in the real process: compacted soon, and across SIGKILL."""
import json
import os
import random
import subprocess
import tempfile
import time
import unittest

import wire
from process import BINARY, Broker

KEYS, VALUE = 200, bytes(1000)
CONFIGS = {"cleanup.policy": "compact", "max.compaction.lag.ms": "1000", "min.cleanable.dirty.ratio": "0.3"}


class Table:
    """What was written to a topic, and what is left of it."""

    def __init__(self, client):
        self.newest = {}  # (offset, value) by key
        self.number = 0
        self.use(client)

    def use(self, client):
        self.client = client

    def write(self, records, chance):
        keys = [b"key %d" % chance.randrange(KEYS) for _ in range(records)]
        values = [b"%d " % (self.number + n) + VALUE for n in range(records)]
        self.number += records
        offset = self.client.produce("table", 0, values, keys=keys, timestamp=int(time.time() * 1000))
        for n, key in enumerate(keys):
            self.newest[key] = offset + n, values[n]

    def read(self):
        """All (offset, key, value) that are there."""
        records, offset = [], 0
        while True:
            code, high, raw = self.client.fetch("table", 0, offset)
            if code != 0:
                raise wire.Refused(code)
            new = [record for record in wire.read_keyed(raw) if record[0] >= offset]
            records += new
            if not new:
                assert offset >= high, f"a reader stays at {offset} of {high}"
                return records
            offset = new[-1][0] + 1

    def check(self):
        """The newest record of each key is there. Returns how many records there are."""
        records = self.read()
        found = {key: (offset, value) for offset, key, value in records}
        for key, newest in self.newest.items():
            assert found.get(key, (-1,)) >= newest, f"{key}: {newest[0]} was acknowledged, {found.get(key)} is there"
        offsets = [offset for offset, _, _ in records]
        assert offsets == sorted(set(offsets)), "an offset is there twice, or out of order"
        return len(records)


def describe(broker):
    done = subprocess.run([BINARY, "topic", "describe", "table"], capture_output=True, timeout=60, check=True,
                          env={**os.environ, "KLAMM_BOOTSTRAP": f"127.0.0.1:{broker.port}"})
    return done.stdout.decode()


class Compaction(unittest.TestCase):
    def test_a_small_topic_is_compacted_soon_after_its_maximum_lag(self):
        chance = random.Random(1)
        with tempfile.TemporaryDirectory() as data, Broker(data) as broker, broker.client() as client:
            self.assertEqual(client.create_topic("table", 1, CONFIGS), 0)
            table = Table(client)
            for _ in range(24):
                table.write(100, chance)
            began = time.monotonic()
            # The newest batch is left alone; of what is before it, one record a key.
            while (left := table.check()) > KEYS + 100:
                self.assertLess(time.monotonic() - began, 30, describe(broker))
                time.sleep(0.5)
            took = time.monotonic() - began
            words = describe(broker)
            self.assertIn("partition 0: compacted", words)
            self.assertIn("because the oldest dirty record is older than max.compaction.lag.ms (1 s)\n  next: ", words)
            [partition] = json.loads(broker.get("/api/topics/table")[1])["partitions"]
            self.assertGreater(partition["compaction"]["passes"], 0)
            print(f"2,400 records compacted to {left} after {took:.1f} s")

    def test_kills_during_merging_and_compaction_lose_nothing(self):
        chance = random.Random(2)
        settings = ["klamm.journal.bytes=1048576", "klamm.storage.job.bytes=1048576", "klamm.checkpoint.bytes=262144",
                    "klamm.storage.bytes.per.second=3000000", "klamm.compaction.bytes.min=65536"]
        flags = [part for setting in settings for part in ("--set", setting)]
        with tempfile.TemporaryDirectory() as data:
            table = Table(None)
            passes = merges = 0
            for life in range(8):
                with Broker(data, *flags) as broker, broker.client() as client:
                    table.use(client)
                    if life == 0:
                        self.assertEqual(client.create_topic("table", 1, CONFIGS), 0)
                    else:
                        table.check()
                    until = time.monotonic() + 2 + 2 * chance.random()
                    while time.monotonic() < until:
                        table.write(50, chance)
                        time.sleep(0.02)
                    passes += broker.metric("klamm_compaction_passes_total")
                    merges += broker.metric("klamm_merges_total")
                    broker.kill()
            with Broker(data, *flags) as broker, broker.client() as client:
                table.use(client)
                left = table.check()
            self.assertGreater(passes, 0)
            self.assertGreater(merges, 0)
            print(f"{table.number} records, {left} left; {merges:.0f} merges, {passes:.0f} passes, 8 kills")


if __name__ == "__main__":
    unittest.main()
