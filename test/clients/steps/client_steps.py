"""The work that every client does and the lines that say how it went, for clients in Python.

A client is a class with the functions of `Client` below; run_all() takes it through the steps of
../README.md. Records are numbered; number, key, value, partition and timestamp follow from each
other, so that what arrives can be judged without a copy of what was sent.
"""

import os
import sys
import threading
import time
import traceback
from typing import NamedTuple

CODECS = ("gzip", "snappy", "lz4", "zstd")
PARTITIONS = 4
RECORDS_PER_CODEC = 250
RECORDS_TOGETHER = 200
RECORDS_LEFT_TO_RESUME = 5  # in each partition
WAIT_SECONDS = 30


class Record(NamedTuple):
    number: int
    partition: int
    timestamp_ms: int
    key: bytes
    value: bytes


class Work:
    """Names, and the records that were taken for producing so far."""

    def __init__(self, prefix):
        self.topic = f"{prefix}-work"
        self.group = f"{prefix}-group"
        self.base_ms = int(time.time() * 1000) - 3_600_000
        self.count = 0

    def record(self, number):
        value = f"{number:06d} " + "through the gorge " * 8
        return Record(number, number % PARTITIONS, self.base_ms + number * 10,
                      f"key-{number % 17}".encode(), value.encode())

    def take(self, count):
        first, self.count = self.count, self.count + count
        return [self.record(n) for n in range(first, self.count)]

    def end_offset(self, partition):
        return len(range(partition, self.count, PARTITIONS))

    def check(self, partition, offset, key, value, timestamp_ms):
        """The number of a record that was read; it must be what was sent, where it was sent."""
        number = int(value[:6])
        expected = self.record(number)
        got = (partition, offset, timestamp_ms, key, value)
        want = (expected.partition, number // PARTITIONS, expected.timestamp_ms, expected.key,
                expected.value)
        expect(got == want, f"record {number} came back as {got}, wanted {want}")
        return number


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def wait_until(condition, what, seconds=WAIT_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, f"after {seconds} s: {what}")
        time.sleep(0.02)


class TopicExists(Exception):
    """What Client.create_topic raises when the broker says so."""


class NotOffered(Exception):
    """The client has no such function; the text says what is missing."""


class Client:
    """What a client must be able to do. A function that it lacks stays as it is here."""

    name = version = ""

    def create_topic(self, topic, partitions, config):
        raise NotImplementedError

    def produce(self, topic, records, codec):
        """Idempotently, with acks=all; returns {partition: offset after the last record}."""
        raise NotImplementedError

    def consumer(self, group, topic=None, auto_commit=False, client_id="steps"):
        """A Consumer, subscribed to the topic; without one it reads what is sought."""
        raise NotImplementedError

    def topics(self):
        raise NotImplementedError

    def partitions_with_leader(self, topic):
        raise NotImplementedError

    def topic_config(self, topic):
        """The settings as {name: value}."""
        raise NotImplementedError

    def groups(self):
        raise NotImplementedError

    def describe_group(self, group):
        """(state in capitals, client ids of the members, number of assigned partitions)"""
        raise NotImplementedError

    def delete_group(self, group):
        raise NotOffered("no function that deletes a group")

    def delete_topic(self, topic):
        raise NotImplementedError


class Consumer:
    def poll(self):
        """(partition, offset, key, value, timestamp_ms) of what came within a moment."""
        raise NotImplementedError

    def assigned(self):
        raise NotImplementedError

    def commit(self, positions):
        """Positions as {partition: (offset, metadata)}; returns when they are committed."""
        raise NotImplementedError

    def committed(self, partitions):
        """{partition: (offset, metadata)}; metadata is None where the client hides it."""
        raise NotImplementedError

    def offset_for_time(self, topic, partition, timestamp_ms):
        """None: no record is that young."""
        raise NotImplementedError

    def seek(self, topic, partition, offset):
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


class Member(threading.Thread):
    """A group member that reads in a thread of its own until it is told to leave."""

    def __init__(self, work, open_consumer):
        super().__init__(daemon=True)
        self.work, self.open_consumer = work, open_consumer
        self.partitions, self.numbers, self.error = frozenset(), set(), None
        self.leaving = threading.Event()
        self.start()

    def run(self):
        try:
            consumer = self.open_consumer()
            while not self.leaving.is_set():
                for record in consumer.poll():
                    self.numbers.add(self.work.check(*record))
                self.partitions = frozenset(consumer.assigned())
            consumer.close()
        except BaseException as error:  # judged by the thread that waits
            traceback.print_exc()
            self.error = error

    def leave(self):
        self.leaving.set()
        self.join(WAIT_SECONDS)
        expect(not self.is_alive(), "a member did not leave")
        if self.error:
            raise self.error


class Scenario:
    def __init__(self, client, prefix):
        self.client, self.work = client, Work(prefix)

    def create(self):
        settings = {"retention.ms": "-1"}
        self.client.create_topic(self.work.topic, PARTITIONS, settings)
        try:
            self.client.create_topic(self.work.topic, PARTITIONS, settings)
        except TopicExists:
            return f"{PARTITIONS} partitions; a second time refused"
        raise AssertionError("the same topic was created twice")

    def produce(self, count, codec):
        records = self.work.take(count)
        ends = self.client.produce(self.work.topic, records, codec)
        expected = {p: self.work.end_offset(p) for p in range(PARTITIONS)}
        expect(ends == expected, f"partitions end at {ends}, wanted {expected}")
        return f"{count} records"

    def member(self, **settings):
        return self.client.consumer(self.work.group, self.work.topic, **settings)

    def group(self):
        members = []
        try:
            return self.group_story(members)
        finally:
            for member in members:
                member.leaving.set()

    def group_story(self, members):
        """One member, a second one joins, both read, the second one leaves, the first reads on."""
        work = self.work

        def join():
            members.append(Member(work, lambda: self.member(auto_commit=True)))
            return members[-1]

        def wait(condition, what):
            wait_until(lambda: any(m.error for m in members) or condition(), what)
            for member in members:
                if member.error:
                    raise member.error

        def all_read():
            return len(set().union(*(m.numbers.copy() for m in members))) == work.count

        first = join()
        wait(all_read, "the first member has not read all")
        wait(lambda: len(first.partitions) == PARTITIONS, "the only member lacks partitions")

        second = join()
        wait(lambda: first.partitions and second.partitions
             and not first.partitions & second.partitions
             and len(first.partitions | second.partitions) == PARTITIONS,
             "two members do not share the partitions")
        before = len(first.numbers)

        # A client may still deliver what it was fetching when it gave partitions away, so that one
        # round may go to one member alone.
        def both_read():
            self.produce(RECORDS_TOGETHER, None)
            wait(all_read, "two members have not read all")
            return len(first.numbers) > before and second.numbers

        wait_until(both_read, "only one of two members reads")
        together = f"{len(first.numbers) - before} + {len(second.numbers)}"

        second.leave()
        wait(lambda: len(first.partitions) == PARTITIONS, "the first did not get all back")
        self.produce(RECORDS_TOGETHER, None)
        wait(all_read, "not all was read after the second left")
        first.leave()
        return f"{work.count} records; together {together}"

    def commit(self):
        """Commits short of the end; another consumer goes on exactly there."""
        work = self.work
        consumer = self.member()
        wait_until(lambda: consumer.poll() or len(consumer.assigned()) == PARTITIONS,
                   "no partitions")
        positions = {p: (work.end_offset(p) - RECORDS_LEFT_TO_RESUME, f"left at {p}")
                     for p in range(PARTITIONS)}
        consumer.commit(positions)
        consumer.close()

        consumer = self.member()
        numbers = set()
        wanted = set(range(work.count - RECORDS_LEFT_TO_RESUME * PARTITIONS, work.count))
        wait_until(lambda: numbers.update(work.check(*r) for r in consumer.poll())
                   or numbers >= wanted, "the rest did not arrive")
        expect(numbers == wanted, f"resumed at {min(numbers)}, not at {min(wanted)}")
        for partition, (offset, metadata) in consumer.committed(range(PARTITIONS)).items():
            wanted_offset, wanted_metadata = positions[partition]
            expect(offset == wanted_offset and metadata in (None, wanted_metadata),
                   f"partition {partition} is committed at {offset} with {metadata}")
        consumer.close()
        return f"resumed with {len(numbers)} records"

    def times(self):
        consumer = self.client.consumer(self.work.group + "-none")
        record = self.work.record(RECORDS_PER_CODEC * 2 + 1)
        ask = lambda ms: consumer.offset_for_time(self.work.topic, record.partition, ms)
        offset = ask(record.timestamp_ms - 5)
        expect(offset == record.number // PARTITIONS, f"offset {offset} for {record.number}")
        late = ask(self.work.record(self.work.count).timestamp_ms)
        expect(late is None, f"offset {late} after the last record")
        consumer.seek(self.work.topic, record.partition, offset)
        found = []
        wait_until(lambda: found.extend(consumer.poll()) or found, "nothing after seeking")
        number = self.work.check(*found[0])
        expect(number == record.number, f"record {number} instead of {record.number}")
        consumer.close()
        return f"offset {offset}"

    def list(self):
        client, work = self.client, self.work
        expect(work.topic in client.topics(), "the topic is not listed")
        partitions = client.partitions_with_leader(work.topic)
        expect(partitions == PARTITIONS, f"{partitions} partitions with a leader")
        settings = client.topic_config(work.topic)
        expect(settings.get("retention.ms") == "-1", f"settings {settings}")
        expect(work.group in client.groups(), "the group is not listed")
        consumer = self.member(client_id="described")
        wait_until(lambda: consumer.poll() or len(consumer.assigned()) == PARTITIONS,
                   "no partitions")
        described = client.describe_group(work.group)
        expect(described == ("STABLE", ["described"], PARTITIONS), f"group {described}")
        consumer.close()
        return f"{len(settings)} settings; group stable with 1 member"

    def delete(self):
        client, work = self.client, self.work
        deleted = "topic and group"
        try:
            client.delete_group(work.group)
            expect(work.group not in client.groups(), "the group is still listed")
        except NotOffered as reason:
            deleted = f"topic; {reason}"
        client.delete_topic(work.topic)
        wait_until(lambda: work.topic not in client.topics(), "the topic is still listed")
        return deleted

    def run(self):
        """Runs and reports all steps; the result is the program's exit code."""
        print(f"client {self.client.name} {self.client.version}", flush=True)
        steps = [("create", self.create)]
        steps += [(c, lambda c=c: self.produce(RECORDS_PER_CODEC, c)) for c in CODECS]
        steps += [(s.__name__, s) for s in (self.group, self.commit, self.times, self.list,
                                            self.delete)]
        return run_steps(steps)


def run_steps(steps):
    """Runs all, also after one failed; the result is the program's exit code."""
    return 1 if [name for name, function in steps if not report(name, function)] else 0


def report(name, function):
    """Runs one step and prints its line, with what the function returns as the detail."""
    try:
        outcome, detail = "ok", function() or ""
    except NotOffered as reason:
        outcome, detail = "not-offered", reason
    except Exception as error:
        traceback.print_exc()
        outcome, detail = "failed", f"{type(error).__name__}: {error}"
    print(f"step {name} {outcome} {' '.join(str(detail).split())}", flush=True)
    return outcome != "failed"


def run_all(make_client):
    """The program of a client: BOOTSTRAP PREFIX."""
    bootstrap, prefix = sys.argv[1:]
    code = Scenario(make_client(bootstrap), prefix).run()
    sys.stdout.flush()
    os._exit(code)  # a member that hangs must not keep the program
