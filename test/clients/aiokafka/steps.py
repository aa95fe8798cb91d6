"""aiokafka: its event loop runs in a thread of its own, the steps wait for what it does."""

import asyncio
import threading
from importlib.metadata import version

import aiokafka
import client_steps
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code
from client_steps import WAIT_SECONDS, TopicExists

TOPIC_ALREADY_EXISTS = 36

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def wait(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(WAIT_SECONDS)


async def made(make, **settings):
    """Objects of aiokafka must be made inside of the loop."""
    resource = make(**settings)
    await resource.start()
    return resource


class Aiokafka(client_steps.Client):
    name = "aiokafka"
    version = version("aiokafka")

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.admin = wait(made(AIOKafkaAdminClient, bootstrap_servers=bootstrap))

    def create_topic(self, topic, partitions, config):
        new = NewTopic(topic, partitions, 1, topic_configs=config)
        (_, code, message), = wait(self.admin.create_topics([new])).topic_errors
        if code == TOPIC_ALREADY_EXISTS:
            raise TopicExists(message)
        if code:
            raise for_code(code)(message)

    def produce(self, topic, records, codec):
        return wait(self.send_all(topic, records, codec))

    async def send_all(self, topic, records, codec):
        producer = await made(aiokafka.AIOKafkaProducer, bootstrap_servers=self.bootstrap,
                              enable_idempotence=True, compression_type=codec, linger_ms=20)
        sent = [await producer.send(topic, key=r.key, value=r.value, partition=r.partition,
                                    timestamp_ms=r.timestamp_ms) for r in records]
        ends = {stored.partition: stored.offset + 1 for stored in await asyncio.gather(*sent)}
        await producer.stop()
        return ends

    def consumer(self, group, topic=None, auto_commit=False, client_id="steps"):
        inner = wait(made(aiokafka.AIOKafkaConsumer, bootstrap_servers=self.bootstrap,
                          group_id=group, client_id=client_id, enable_auto_commit=auto_commit,
                          auto_offset_reset="earliest", heartbeat_interval_ms=500,
                          metadata_max_age_ms=2000))
        return AiokafkaConsumer(inner, topic)

    def topics(self):
        return set(wait(self.admin.list_topics()))

    def partitions_with_leader(self, topic):
        partitions = wait(self.admin.describe_topics([topic]))[0]["partitions"]
        return sum(p["leader"] >= 0 and len(p["isr"]) == 1 for p in partitions)

    def topic_config(self, topic):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        (code, message, _, _, entries), = wait(self.admin.describe_configs([resource]))[0].resources
        if code:
            raise for_code(code)(message)
        return {name: value for name, value, *_ in entries}

    def groups(self):
        return {group for group, _ in wait(self.admin.list_consumer_groups())}

    def describe_group(self, group):
        described, = wait(self.admin.describe_consumer_groups([group]))[0].groups
        code, _, state, _, _, members = described[:6]
        if code:
            raise for_code(code)()
        assigned = sum(len(partitions) for member in members for _, partitions in
                       ConsumerProtocolMemberAssignment.decode(member[4]).assignment)
        return state.upper(), [member[1] for member in members], assigned

    def delete_group(self, group):
        raise client_steps.NotOffered("its admin client has no function that deletes a group")

    def delete_topic(self, topic):
        (_, code), = wait(self.admin.delete_topics([topic])).topic_error_codes
        if code:
            raise for_code(code)()


class AiokafkaConsumer(client_steps.Consumer):
    def __init__(self, inner, topic):
        self.inner, self.topic = inner, topic
        if topic:
            self.call(inner.subscribe, [topic])

    @staticmethod
    def call(function, *arguments):
        async def inside():
            return function(*arguments)
        return wait(inside())

    def poll(self):
        batches = wait(self.inner.getmany(timeout_ms=100))
        return [(r.partition, r.offset, r.key, r.value, r.timestamp)
                for records in batches.values() for r in records]

    def assigned(self):
        return {p.partition for p in self.call(self.inner.assignment)}

    def commit(self, positions):
        wait(self.inner.commit({TopicPartition(self.topic, partition): position
                                for partition, position in positions.items()}))

    def committed(self, partitions):
        return {p: (wait(self.inner.committed(TopicPartition(self.topic, p))), None)
                for p in partitions}

    def offset_for_time(self, topic, partition, timestamp_ms):
        asked = TopicPartition(topic, partition)
        found = wait(self.inner.offsets_for_times({asked: timestamp_ms}))[asked]
        return found and found.offset

    def seek(self, topic, partition, offset):
        self.call(self.inner.assign, [TopicPartition(topic, partition)])
        self.call(self.inner.seek, TopicPartition(topic, partition), offset)

    def close(self):
        wait(self.inner.stop())


client_steps.run_all(Aiokafka)
