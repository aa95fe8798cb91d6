"""confluent-kafka (Python, librdkafka inside): transactions as an application sees them."""

import collections
import sys
import time

import confluent_kafka as ck
from client_steps import WAIT_SECONDS, expect, run_steps, wait_until
from confluent_kafka import admin as ckadmin

PARTITIONS = 2
RECORDS = 20


class Transactions:
    def __init__(self, bootstrap, prefix):
        self.server = {"bootstrap.servers": bootstrap}
        self.prefix = prefix
        self.admin = ckadmin.AdminClient(self.server)

    def topic(self, name):
        topic = f"{self.prefix}-{name}"
        self.admin.create_topics([ckadmin.NewTopic(topic, PARTITIONS, 1)])[topic].result(
            WAIT_SECONDS)
        return topic

    def producer(self, name):
        producer = ck.Producer(self.server | {"transactional.id": f"{self.prefix}-{name}",
                                              "linger.ms": 5})
        producer.init_transactions(WAIT_SECONDS)
        return producer

    def consumer(self, group, committed=True):
        level = "read_committed" if committed else "read_uncommitted"
        return ck.Consumer(self.server | {
            "group.id": f"{self.prefix}-{group}", "isolation.level": level,
            "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "enable.partition.eof": True, "heartbeat.interval.ms": 500})

    def send(self, producer, topic, what):
        for n in range(RECORDS):
            producer.produce(topic, value=f"{what} {n}", key=f"k{n}", partition=n % PARTITIONS)

    def read(self, topic, committed):
        """How many records of each kind are seen up to the end."""
        consumer = self.consumer("reader", committed)
        consumer.assign([ck.TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
        kinds, ended, deadline = collections.Counter(), set(), time.monotonic() + WAIT_SECONDS
        while len(ended) < PARTITIONS:
            expect(time.monotonic() < deadline, "the end was not reached")
            message = consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                expect(message.error().code() == ck.KafkaError._PARTITION_EOF, message.error())
                ended.add(message.partition())
            else:
                kinds[message.value().decode().split()[0]] += 1
        consumer.close()
        return dict(kinds)

    def expect(self, topic, wanted, committed=True):
        """Waits for it: Apache Kafka may answer before all markers are written."""
        wait_until(lambda: self.read(topic, committed) == wanted,
                   f"read_{'' if committed else 'un'}committed does not see {wanted}")

    def commit(self):
        topic, producer = self.topic("commit"), self.producer("commit")
        sent = {}
        for what in ("one", "two", "three"):
            producer.begin_transaction()
            self.send(producer, topic, what)
            producer.flush(WAIT_SECONDS)
            self.expect(topic, sent)
            sent = sent | {what: RECORDS}
            self.expect(topic, sent, committed=False)
            producer.commit_transaction(WAIT_SECONDS)
            self.expect(topic, sent)
        return f"3 transactions of {RECORDS} records"

    def abort(self):
        topic, a, b = self.topic("abort"), self.producer("abort-a"), self.producer("abort-b")
        for _ in range(3):
            a.begin_transaction()
            b.begin_transaction()
            self.send(a, topic, "aborted")
            self.send(b, topic, "committed")
            a.flush(WAIT_SECONDS)
            b.flush(WAIT_SECONDS)
            a.abort_transaction(WAIT_SECONDS)
            b.commit_transaction(WAIT_SECONDS)
        self.expect(topic, {"committed": 3 * RECORDS})
        self.expect(topic, {"committed": 3 * RECORDS, "aborted": 3 * RECORDS}, committed=False)
        return "3 aborted beside 3 committed"

    def offsets(self):
        """Consume, process, produce: outputs and offsets are one."""
        source, target = self.topic("in"), self.topic("out")
        filler, producer = self.producer("filler"), self.producer("process")
        filler.begin_transaction()
        self.send(filler, source, "in")
        filler.commit_transaction(WAIT_SECONDS)
        consumer = self.consumer("process")
        consumer.subscribe([source])
        first = [ck.TopicPartition(source, p) for p in range(PARTITIONS)]
        processed, aborted, deadline = 0, False, time.monotonic() + WAIT_SECONDS
        while processed < RECORDS:
            expect(time.monotonic() < deadline, f"only {processed} processed")
            messages = [m for m in consumer.consume(RECORDS, 0.5) if not m.error()]
            if not messages:
                continue
            producer.begin_transaction()
            for message in messages:
                producer.produce(target, value="out", partition=message.partition())
            producer.send_offsets_to_transaction(
                consumer.position(consumer.assignment()), consumer.consumer_group_metadata(),
                WAIT_SECONDS)
            if not aborted:
                aborted = True
                producer.abort_transaction(WAIT_SECONDS)
                offsets = [p.offset for p in consumer.committed(first, WAIT_SECONDS)]
                expect(all(o < 0 for o in offsets), f"aborted offsets are committed: {offsets}")
                for partition in {m.partition() for m in messages}:
                    consumer.seek(ck.TopicPartition(source, partition, 0))
            else:
                producer.commit_transaction(WAIT_SECONDS)
                processed += len(messages)
        offset = consumer.committed(first, WAIT_SECONDS)[0].offset
        # Either the last record's or the marker's successor.
        expect(offset in (RECORDS // PARTITIONS, RECORDS // PARTITIONS + 1), f"offset {offset}")
        consumer.close()
        self.expect(target, {"out": RECORDS})
        return f"{RECORDS} in, {RECORDS} out; aborted offsets are none"

    def fencing(self):
        topic, old = self.topic("fencing"), self.producer("fencing")
        old.begin_transaction()
        self.send(old, topic, "old")
        old.flush(WAIT_SECONDS)
        fresh = self.producer("fencing")
        try:
            old.commit_transaction(WAIT_SECONDS)
            raise AssertionError("a fenced producer has committed")
        except ck.KafkaException as fenced:
            expect(fenced.args[0].fatal(), f"not fatal: {fenced}")
        fresh.begin_transaction()
        self.send(fresh, topic, "fresh")
        fresh.commit_transaction(WAIT_SECONDS)
        self.expect(topic, {"fresh": RECORDS})
        return "the older one was fenced and aborted"


if __name__ == "__main__":
    print(f"client confluent-kafka {ck.__version__} (librdkafka {ck.libversion()[0]})", flush=True)
    steps = Transactions(*sys.argv[1:])
    sys.exit(run_steps([(s.__name__, s) for s in (steps.commit, steps.abort, steps.offsets,
                                                  steps.fencing)]))
