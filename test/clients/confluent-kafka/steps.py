"""confluent-kafka (Python, librdkafka inside)."""

import client_steps
import confluent_kafka as ck
from client_steps import WAIT_SECONDS, TopicExists
from confluent_kafka import admin as ckadmin


class Confluent(client_steps.Client):
    name = "confluent-kafka"
    version = f"{ck.__version__} (librdkafka {ck.libversion()[0]})"

    def __init__(self, bootstrap):
        self.server = {"bootstrap.servers": bootstrap}
        self.admin = ckadmin.AdminClient(self.server)

    def create_topic(self, topic, partitions, config):
        new = ckadmin.NewTopic(topic, partitions, 1, config=config)
        try:
            self.admin.create_topics([new])[topic].result(WAIT_SECONDS)
        except ck.KafkaException as error:
            if error.args[0].code() == ck.KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicExists from error
            raise

    def produce(self, topic, records, codec):
        producer = ck.Producer(self.server | {"enable.idempotence": True, "linger.ms": 20,
                                              "compression.type": codec or "none"})
        failures, ends = [], {}

        def delivered(error, message):
            if error:
                failures.append(error)
            else:
                ends[message.partition()] = message.offset() + 1

        for record in records:
            producer.produce(topic, key=record.key, value=record.value, on_delivery=delivered,
                             partition=record.partition, timestamp=record.timestamp_ms)
        left = producer.flush(WAIT_SECONDS)
        if left or failures:
            raise RuntimeError(f"{left} unanswered, {len(failures)} failed: {failures[:1]}")
        return ends

    def consumer(self, group, topic=None, auto_commit=False, client_id="steps"):
        settings = {"group.id": group, "client.id": client_id, "enable.auto.commit": auto_commit,
                    "auto.offset.reset": "earliest", "heartbeat.interval.ms": 500}
        return ConfluentConsumer(self.server | settings, topic)

    def topics(self):
        return set(self.admin.list_topics(timeout=WAIT_SECONDS).topics)

    def partitions_with_leader(self, topic):
        names = ck.TopicCollection([topic])
        described = self.admin.describe_topics(names)[topic].result(WAIT_SECONDS)
        return sum(p.leader is not None and len(p.isr) == 1 for p in described.partitions)

    def topic_config(self, topic):
        resource = ckadmin.ConfigResource(ckadmin.ResourceType.TOPIC, topic)
        entries = self.admin.describe_configs([resource])[resource].result(WAIT_SECONDS)
        return {name: entry.value for name, entry in entries.items()}

    def groups(self):
        listed = self.admin.list_consumer_groups().result(WAIT_SECONDS)
        if listed.errors:
            raise RuntimeError(listed.errors)
        return {g.group_id for g in listed.valid}

    def describe_group(self, group):
        described = self.admin.describe_consumer_groups([group])[group].result(WAIT_SECONDS)
        assigned = sum(len(m.assignment.topic_partitions) for m in described.members)
        return described.state.name, [m.client_id for m in described.members], assigned

    def delete_group(self, group):
        self.admin.delete_consumer_groups([group])[group].result(WAIT_SECONDS)

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])[topic].result(WAIT_SECONDS)


class ConfluentConsumer(client_steps.Consumer):
    def __init__(self, settings, topic):
        self.topic = topic
        self.inner = ck.Consumer(settings)
        if topic:
            self.inner.subscribe([topic])

    def poll(self):
        messages = self.inner.consume(500, timeout=0.1)
        for message in messages:
            if message.error():
                raise ck.KafkaException(message.error())
        return [(m.partition(), m.offset(), m.key(), m.value(), m.timestamp()[1])
                for m in messages]

    def assigned(self):
        return {p.partition for p in self.inner.assignment()}

    def commit(self, positions):
        offsets = [ck.TopicPartition(self.topic, partition, offset, metadata=metadata)
                   for partition, (offset, metadata) in positions.items()]
        for result in self.inner.commit(offsets=offsets, asynchronous=False):
            if result.error:
                raise ck.KafkaException(result.error)

    def committed(self, partitions):
        asked = [ck.TopicPartition(self.topic, p) for p in partitions]
        answer = self.inner.committed(asked, timeout=WAIT_SECONDS)
        return {p.partition: (p.offset, p.metadata) for p in answer}

    def offset_for_time(self, topic, partition, timestamp_ms):
        asked = [ck.TopicPartition(topic, partition, timestamp_ms)]
        offset = self.inner.offsets_for_times(asked, timeout=WAIT_SECONDS)[0].offset
        return None if offset == ck.OFFSET_END else offset

    def seek(self, topic, partition, offset):
        self.inner.assign([ck.TopicPartition(topic, partition, offset)])

    def close(self):
        self.inner.close()


client_steps.run_all(Confluent)
