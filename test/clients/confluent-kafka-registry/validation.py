"""Topics whose records the broker checks: bad ones are refused and named, their batch with them."""

import json
import time

import confluent_kafka as ck
from client_steps import WAIT_SECONDS, expect
from confluent_kafka import admin as ckadmin
from confluent_kafka.schema_registry import (Schema, SchemaRegistryClient,
                                             header_schema_id_serializer)
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from api import FIRST

JSON = json.dumps({"type": "object", "properties": {"flight": {"type": "string"}},
                   "required": ["flight"]})
PROTO = 'syntax = "proto3"; package gorge; message Sighting { string flight = 1; }'


class Validation:
    def __init__(self, bootstrap, url, prefix):
        self.server, self.prefix = {"bootstrap.servers": bootstrap}, prefix
        self.registry = SchemaRegistryClient({"url": url})
        self.admin = ckadmin.AdminClient(self.server)

    def topic(self, name, **config):
        topic = f"{self.prefix}-{name}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        new = ckadmin.NewTopic(topic, 1, 1, config=settings)
        self.admin.create_topics([new])[topic].result(WAIT_SECONDS)
        return topic

    def send(self, topic, values, headers=None):
        """In one batch. -> for each value None or the code of its error"""
        outcomes = [None] * len(values)
        producer = ck.Producer(self.server | {"linger.ms": 500})

        def report(number, error):
            outcomes[number] = error and error.code()

        for number, value in enumerate(values):
            producer.produce(topic, value=value, headers=headers,
                             on_delivery=lambda error, _, number=number: report(number, error))
        # flush() would send what is there without waiting for the rest of the batch.
        until = time.monotonic() + WAIT_SECONDS
        while len(producer) > 0 and time.monotonic() < until:
            producer.poll(0.1)
        expect(len(producer) == 0, "not all was answered")
        return outcomes

    def accepted(self, topic, *values, headers=None):
        outcomes = self.send(topic, values, headers)
        expect(outcomes == [None] * len(values), f"{topic} refused {outcomes}")

    def refused(self, topic, good, bad):
        """Good and bad ones in one batch: nothing is stored, and the bad ones are named."""
        before = self.end(topic)
        outcomes = self.send(topic, [good, bad, good, bad])
        named, other = ck.KafkaError.INVALID_RECORD, ck.KafkaError._INVALID_DIFFERENT_RECORD
        expect(outcomes == [other, named, other, named], f"{topic}: {bad} among others: {outcomes}")
        expect(self.end(topic) == before, "something was stored")

    def end(self, topic):
        consumer = ck.Consumer(self.server | {"group.id": f"{self.prefix}-none"})
        _, end = consumer.get_watermark_offsets(ck.TopicPartition(topic, 0), WAIT_SECONDS)
        consumer.close()
        return end

    def framed(self, topic, schema, kind):
        """What is put in front of values of a schema of the topic's subject."""
        schema_id = self.registry.register_schema(f"{topic}-value", Schema(schema, kind))
        return b"\0" + schema_id.to_bytes(4, "big")

    def by_id(self):
        topic = self.topic("by-id", confluent_value_schema_validation="true")
        elsewhere = self.framed(self.topic("elsewhere"), JSON, "JSON")
        front = self.framed(topic, FIRST, "AVRO")
        good = front + b"\x08KL 1"
        self.accepted(topic, good, None)  # a tombstone says nothing that could be wrong
        self.refused(topic, good, b"KL 1")
        self.refused(topic, good, b"\0\x70\0\0\1\x08KL 1")
        self.refused(topic, good, elsewhere + b'{"flight":"KL 1"}')
        self.accepted(topic, front + b"\x7f")  # the payload is not looked at
        return "no id, an unknown id, one of another subject"

    def by_payload(self):
        """What does not obey the schema, in each format."""
        for kind, schema, good, bad in (
                ("AVRO", FIRST, b"\x08KL 1", b"\x7fKL 1"),
                ("PROTOBUF", PROTO, b"\0\x0a\4KL 1", b"\0\x0a\x7fKL 1"),
                ("JSON", JSON, b'{"flight":"KL 1"}', b'{"flight":5}')):
            topic = self.topic(f"by-payload-{kind}", klamm_schema_validation="payload")
            front = self.framed(topic, schema, kind)
            self.accepted(topic, front + good, None)
            self.refused(topic, front + good, front + bad)
        return "Avro, Protobuf, JSON"

    def by_header(self):
        """The schema's GUID in a header is as good as an id in front."""
        topic = self.topic("by-header", klamm_schema_validation="payload")
        serializer = AvroSerializer(self.registry, FIRST, conf={
            "schema.id.serializer": header_schema_id_serializer})
        context = SerializationContext(topic, MessageField.VALUE, [])
        value = serializer({"flight": "KL 1, low"}, context)
        self.accepted(topic, value, headers=context.headers)
        outcomes = self.send(topic, [value[:-1]], context.headers)
        expect(outcomes == [ck.KafkaError.INVALID_RECORD], f"cut short: {outcomes}")
        return "a whole value, and one cut short"
