#!/usr/bin/env python3
"""Kills the broker with SIGKILL at random moments under load, and checks what it promised.

usage: kill_loop.py [--kills N] [--seed S] [--data DIR] [--merge]

With --merge the journal's budget is so small that records move to L1 files all the time, slowly, so
that most kills hit that.

Idempotent producers, each with up to five requests in flight, send what was not acknowledged again
after each start, with the same sequence numbers. After each start and at the end:

  1. no acknowledged record is lost, and each is at the offset that was acknowledged;
  2. none is there twice: each producer's records are 0, 1, 2, ... in the log;
  3. offsets are dense;
  4. a committed offset never goes back.
"""
import argparse
import collections
import os
import random
import sys
import tempfile
import threading
import time

import wire
from process import Broker

PARTITIONS, PRODUCERS, IN_FLIGHT = 3, 4, 5
DUPLICATE_SEQUENCE_NUMBER = 46
SEQUENCE_LIMIT = 2**31


class Place:
    """Where the broker is at the moment."""

    def __init__(self):
        self.changed = threading.Condition()
        self.port = None
        self.stopping = False
        self.failure = None

    def move(self, port):
        with self.changed:
            self.port = port
            self.changed.notify_all()

    def stop(self):
        with self.changed:
            self.stopping = True
            self.changed.notify_all()

    def fail(self, why):
        with self.changed:
            self.failure = self.failure or why
            self.stopping = True
            self.changed.notify_all()

    def wait(self, other_than):
        """The port, once it is another one; None at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.stopping or self.port not in (None, other_than))
            return None if self.stopping else self.port


class Worker(threading.Thread):
    """Connects again and again, until the end."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.place = place

    def run(self):
        port = None
        while (port := self.place.wait(port)) is not None:
            try:
                with wire.Client(port) as client:
                    while not self.place.stopping:
                        self.work(client)
                    self.finish(client)
            except (ConnectionError, TimeoutError, OSError):
                pass
            except wire.Refused as refused:
                if not refused.retriable:
                    return self.place.fail(f"{self.name}: {refused}")
                port = None
            except BaseException as error:
                return self.place.fail(f"{self.name}: {error!r}")

    def finish(self, client):
        pass


class Producer(Worker):
    def __init__(self, place, number, seed):
        super().__init__(place)
        self.name = f"producer {number}"
        self.number, self.partition = number, number % PARTITIONS
        self.random = random.Random(seed)
        self.identity = None
        self.next = 0  # number of the next record, and its sequence number
        self.unacknowledged = collections.deque()  # (first, count, batch)
        self.acknowledged = []  # (first, count, offset or None), in order
        self.client, self.sent = None, collections.deque()

    def work(self, client):
        if self.identity is None:
            self.identity = client.init_producer_id()
        if self.client is not client:
            self.client = client
            self.sent = collections.deque(self.send(client, entry) for entry in self.unacknowledged)
        while len(self.sent) < IN_FLIGHT:
            entry = self.make()
            self.unacknowledged.append(entry)
            self.sent.append(self.send(client, entry))
        self.receive(client)

    def finish(self, client):
        while self.client is client and self.sent:
            self.receive(client)

    def make(self):
        count = self.random.randint(1, 5)
        padding = b"." * self.random.choice([0, 20, 200, 3000])
        values = [b"%d %d %s" % (self.number, self.next + i, padding) for i in range(count)]
        raw = wire.batch(values, *self.identity, sequence=self.next)
        self.next += count
        assert self.next < SEQUENCE_LIMIT
        return self.next - count, count, raw

    def send(self, client, entry):
        return client.send_produce("kills", self.partition, entry[2])

    def receive(self, client):
        code, offset = client.receive_produce(self.sent.popleft())
        if code not in (0, DUPLICATE_SEQUENCE_NUMBER):
            self.client = None
            raise wire.Refused(code)
        first, count, _ = self.unacknowledged.popleft()
        self.acknowledged.append((first, count, offset if code == 0 and offset >= 0 else None))


class Committer(Worker):
    def __init__(self, place):
        super().__init__(place)
        self.name = "committer"
        self.tried = self.acknowledged = 0

    def work(self, client):
        self.tried += 1
        client.commit_offset("kills", "kills", 0, self.tried)
        self.acknowledged = self.tried


class Checker:
    """Reads on where it was, and holds what it reads against what was acknowledged."""

    def __init__(self, producers, committer):
        self.producers, self.committer = producers, committer
        self.next_offset = [0] * PARTITIONS
        self.offsets = [[] for _ in producers]  # [producer][record number]
        self.checked = [0] * len(producers)  # acknowledgements

    def check(self, client, acknowledged, committed):
        for partition in range(PARTITIONS):
            self.read(client, partition)
        for producer, count in zip(self.producers, acknowledged):
            found = self.offsets[producer.number]
            for first, records, offset in producer.acknowledged[self.checked[producer.number]:count]:
                assert first + records <= len(found), \
                    f"{producer.name}: record {first + records - 1} was acknowledged and is lost"
                assert offset is None or found[first] == offset, \
                    f"{producer.name}: record {first} was acknowledged at {offset}, is at {found[first]}"
            self.checked[producer.number] = count
        if committed > 0:
            now = client.committed_offset("kills", "kills", 0)
            assert committed <= now, f"offset {committed} was committed and acknowledged; now it is {now}"

    def read(self, client, partition):
        for offset, value in client.fetch_all("kills", partition, self.next_offset[partition]):
            assert offset == self.next_offset[partition], \
                f"partition {partition}: offset {offset} follows {self.next_offset[partition] - 1}"
            self.next_offset[partition] += 1
            producer, number = (int(part) for part in value.split(b" ")[:2])
            assert producer % PARTITIONS == partition
            assert number == len(self.offsets[producer]), \
                (f"partition {partition}, offset {offset}: record {number} of producer {producer}, "
                 f"which has {len(self.offsets[producer])} before it")
            self.offsets[producer].append(offset)


def flags(chance, merge):
    """Half of the time checkpoints are so frequent that kills hit them, too."""
    chosen = chance.choice([[], ["--set", "klamm.checkpoint.bytes=65536"]])
    if merge:
        for setting in ("klamm.journal.bytes=1048576", "klamm.storage.job.bytes=1048576",
                        "klamm.storage.bytes.per.second=10000000"):
            chosen = [*chosen, "--set", setting]
    return chosen


def start(data, chance, place, merge):
    broker = Broker(data, *flags(chance, merge))
    place.move(broker.port)
    return broker


def run(options, data):
    chance = random.Random(options.seed)
    place = Place()
    broker = start(data, chance, place, options.merge)
    with broker.client() as client:
        client.create_topic("kills", PARTITIONS)
    producers = [Producer(place, number, chance.random()) for number in range(PRODUCERS)]
    committer = Committer(place)
    checker = Checker(producers, committer)
    for worker in [*producers, committer]:
        worker.start()

    starts, began = [], time.monotonic()
    for kill in range(1, options.kills + 1):
        time.sleep(chance.random() ** 2 * 0.2)
        broker.kill()
        broker.__exit__()
        acknowledged = [len(producer.acknowledged) for producer in producers]
        committed = committer.acknowledged
        broker = start(data, chance, place, options.merge)
        starts.append(broker.start_ms)
        if place.failure:
            break
        with broker.client() as client:
            checker.check(client, acknowledged, committed)
        if kill % 100 == 0:
            print(f"{kill} kills, {sum(map(len, checker.offsets))} records checked", flush=True)

    place.stop()
    for worker in [*producers, committer]:
        worker.join(60)
    assert place.failure is None, place.failure
    assert broker.stop() == 0, "the last stop was not clean"
    broker.__exit__()
    with Broker(data) as broker, broker.client() as client:
        everything = Checker(producers, committer)
        everything.check(client, [len(producer.acknowledged) for producer in producers],
                         committer.acknowledged)
    records = sum(count for producer in producers for _, count, _ in producer.acknowledged)
    assert records > 10 * options.kills, f"only {records} records: that was no load"
    moved = [name for name in os.listdir(f"{data}/journal") if name.startswith("l1-")]
    assert moved or not options.merge, "nothing was merged"
    starts.sort()
    print(f"{options.kills} kills in {time.monotonic() - began:.0f} s (seed {options.seed}): {records} records "
          f"acknowledged, none lost, none doubled, offsets dense; {committer.acknowledged} commits, none "
          f"went back; {len(moved)} L1 files; starts: median {starts[len(starts) // 2]} ms, slowest {starts[-1]} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("--data", help="instead of a temporary directory; kept")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if options.data:
        return run(options, options.data)
    with tempfile.TemporaryDirectory() as directory:
        return run(options, directory + "/data")


if __name__ == "__main__":
    sys.exit(main())
