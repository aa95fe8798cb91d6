"""kafka-python."""

import kafka
import client_steps
from client_steps import WAIT_SECONDS, TopicExists
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata


class KafkaPython(client_steps.Client):
    name = "kafka-python"
    version = kafka.__version__

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.admin = kafka.KafkaAdminClient(bootstrap_servers=bootstrap)

    def create_topic(self, topic, partitions, config):
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": config}
        try:
            self.admin.create_topics({topic: wanted})
        except TopicAlreadyExistsError as error:
            raise TopicExists from error

    def produce(self, topic, records, codec):
        producer = kafka.KafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True,
                                       compression_type=codec, linger_ms=20)
        sent = [producer.send(topic, key=r.key, value=r.value, partition=r.partition,
                              timestamp_ms=r.timestamp_ms) for r in records]
        ends = {}
        for future in sent:
            stored = future.get(WAIT_SECONDS)
            ends[stored.partition] = stored.offset + 1
        producer.close()
        return ends

    def consumer(self, group, topic=None, auto_commit=False, client_id="steps"):
        inner = kafka.KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group,
                                    client_id=client_id, enable_auto_commit=auto_commit,
                                    auto_offset_reset="earliest", heartbeat_interval_ms=500)
        return KafkaPythonConsumer(inner, topic)

    def topics(self):
        return set(self.admin.list_topics())

    def partitions_with_leader(self, topic):
        partitions = self.admin.describe_topics([topic])[0]["partitions"]
        return sum(p["leader_id"] >= 0 and len(p["isr_nodes"]) == 1 for p in partitions)

    def topic_config(self, topic):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        entries = self.admin.describe_configs([resource], config_filter="all")["topic"][topic]
        return {name: entry["value"] for name, entry in entries.items()}

    def groups(self):
        return {g["group_id"] for g in self.admin.list_groups()}

    def describe_group(self, group):
        described = self.admin.describe_groups([group])[group]
        members = described["members"]
        assigned = sum(len(topic["partitions"]) for member in members
                       for topic in member["member_assignment"]["assigned_partitions"])
        return described["group_state"].upper(), [m["client_id"] for m in members], assigned

    def delete_group(self, group):
        answer = self.admin.delete_groups([group])
        if answer != {group: "OK"}:
            raise RuntimeError(answer)

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])


class KafkaPythonConsumer(client_steps.Consumer):
    def __init__(self, inner, topic):
        self.inner, self.topic = inner, topic
        if topic:
            inner.subscribe([topic])

    def poll(self):
        # Longer than its first rebalances take: one that a poll's end interrupts between
        # JoinGroup and SyncGroup is never finished (seen with Apache Kafka too).
        return [(r.partition, r.offset, r.key, r.value, r.timestamp)
                for records in self.inner.poll(1000).values() for r in records]

    def assigned(self):
        return {p.partition for p in self.inner.assignment()}

    def commit(self, positions):
        self.inner.commit({TopicPartition(self.topic, partition): OffsetAndMetadata(*position, -1)
                           for partition, position in positions.items()})

    def committed(self, partitions):
        found = {p: self.inner.committed(TopicPartition(self.topic, p), metadata=True)
                 for p in partitions}
        return {p: (position.offset, position.metadata) for p, position in found.items()}

    def offset_for_time(self, topic, partition, timestamp_ms):
        asked = TopicPartition(topic, partition)
        found = self.inner.offsets_for_times({asked: timestamp_ms})[asked]
        return found and found.offset

    def seek(self, topic, partition, offset):
        self.inner.assign([TopicPartition(topic, partition)])
        self.inner.seek(TopicPartition(topic, partition), offset)

    def close(self):
        self.inner.close()


client_steps.run_all(KafkaPython)
