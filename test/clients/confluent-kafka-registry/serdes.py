"""Confluent's serializers and deserializers, with what they write going through the broker."""

import json
import uuid

import confluent_kafka as ck
from client_steps import WAIT_SECONDS, expect
from confluent_kafka import schema_registry as sr
from confluent_kafka import admin as ckadmin
from confluent_kafka.schema_registry import avro, json_schema, protobuf
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from api import FIRST, FLIGHT, HEIGHT_OR_ZERO, SECOND, record, refused


class Serdes:
    def __init__(self, bootstrap, url, prefix):
        self.server, self.url, self.prefix = {"bootstrap.servers": bootstrap}, url, prefix
        self.admin = ckadmin.AdminClient(self.server)

    def client(self):
        return sr.SchemaRegistryClient({"url": self.url})

    def topic(self, name):
        topic = f"{self.prefix}-{name}"
        self.admin.create_topics([ckadmin.NewTopic(topic, 1, 1)])[topic].result(WAIT_SECONDS)
        return topic

    def send(self, topic, serialize, values, headers=False):
        """Each value serialized and produced; with `headers` the serializer may add some."""
        producer = ck.Producer(self.server)
        for value in values:
            context = SerializationContext(topic, MessageField.VALUE, [] if headers else None)
            data = serialize(value, context)
            producer.produce(topic, value=data, headers=context.headers)
        expect(producer.flush(WAIT_SECONDS) == 0, "not all was acknowledged")

    def receive(self, topic, count):
        consumer = ck.Consumer(self.server | {"group.id": f"{self.prefix}-none",
                                              "enable.auto.commit": False})
        consumer.assign([ck.TopicPartition(topic, 0, 0)])
        messages = consumer.consume(count, WAIT_SECONDS)
        consumer.close()
        expect(len(messages) == count, f"{len(messages)} of {count} records")
        return messages

    def read(self, topic, deserialize, count):
        return [deserialize(m.value(), SerializationContext(topic, MessageField.VALUE, m.headers()))
                for m in self.receive(topic, count)]

    def avro(self):
        """A referenced type; then a second version, and old and new read with either."""
        topic = self.topic("avro")
        sr_client = self.client()
        position = sr.Schema(record("Position", HEIGHT_OR_ZERO), "AVRO")
        sr_client.register_schema(f"{self.prefix}-position", position)
        refers = [sr.SchemaReference("gorge.Position", f"{self.prefix}-position", 1)]
        at = {"name": "at", "type": ["null", "gorge.Position"], "default": None}
        one = sr.Schema(record("Flight", FLIGHT), "AVRO")
        two = sr.Schema(record("Flight", FLIGHT, at), "AVRO", refers)
        old, new = {"flight": "KL 1"}, {"flight": "KL 2", "at": {"height": 41}}
        self.send(topic, avro.AvroSerializer(sr_client, one), [old])
        self.send(topic, avro.AvroSerializer(sr_client, two, conf={"normalize.schemas": True}),
                  [new])
        as_written = self.read(topic, avro.AvroDeserializer(self.client()), 2)
        expect(as_written == [old, new], f"as written {as_written}")
        as_two = self.read(topic, avro.AvroDeserializer(self.client(), two), 2)
        expect(as_two == [old | {"at": None}, new], f"read as version 2: {as_two}")
        as_one = self.read(topic, avro.AvroDeserializer(self.client(), one), 2)
        expect(as_one == [old, {"flight": "KL 2"}], f"read as version 1: {as_one}")
        versions = self.client().get_versions(f"{topic}-value")
        expect(versions == [1, 2], f"versions {versions}")
        return "2 versions, 3 ways to read them"

    def latest(self):
        """Nothing is registered by the serializer: it takes the latest version, or is refused."""
        topic = self.topic("latest")
        by_latest = {"auto.register.schemas": False, "use.latest.version": True}
        only_known = {"auto.register.schemas": False}
        refused(404, 40401, f"Subject '{topic}-value' not found.", lambda: self.send(
            topic, avro.AvroSerializer(self.client(), FIRST, conf=only_known), [{"flight": "KL"}]))
        metadata = sr.Metadata(None, sr.MetadataProperties({"major": "1"}), None)
        self.client().register_schema(f"{topic}-value", sr.Schema(FIRST, "AVRO", [], metadata))
        self.client().register_schema(f"{topic}-value", sr.Schema(SECOND, "AVRO"))
        self.send(topic, avro.AvroSerializer(self.client(), conf=by_latest),
                  [{"flight": "KL 1", "height": 7}])
        by_metadata = {"auto.register.schemas": False, "use.latest.with.metadata": {"major": "1"}}
        self.send(topic, avro.AvroSerializer(self.client(), conf=by_metadata), [{"flight": "KL"}])
        read = self.read(topic, avro.AvroDeserializer(self.client()), 2)
        expect(read[0] == {"flight": "KL 1", "height": 7}, f"read {read}")
        expect(self.client().get_versions(f"{topic}-value") == [1, 2], "a version was added")
        return "the latest, and the latest with metadata"

    def header(self):
        """The schema's GUID in a header, the value without a prefix."""
        topic = self.topic("header")
        serializer = avro.AvroSerializer(
            self.client(), FIRST, conf={"schema.id.serializer": sr.header_schema_id_serializer})
        self.send(topic, serializer, [{"flight": "KL 1, low"}], headers=True)
        [message] = self.receive(topic, 1)
        expect(message.value() == b"\x12KL 1, low", f"the value {message.value()}")
        [(name, value)] = message.headers()
        guid = self.client().get_latest_version(f"{topic}-value").guid
        expect((name, value) == ("__value_schema_id", b"\x01" + uuid.UUID(guid).bytes),
               f"header {name} {value}, guid {guid}")
        read = self.read(topic, avro.AvroDeserializer(self.client()), 1)
        expect(read == [{"flight": "KL 1, low"}], f"read {read}")
        return f"guid {guid}"

    def protobuf(self):
        """A nested type of a file with an import, which becomes a subject of its own."""
        topic = self.topic("protobuf")
        subject = f"{topic}-value"
        imported = f"{self.prefix}/position.proto"
        outer_type, other_type = messages(self.prefix, imported)
        nested = outer_type.Leg(flight="KL 1", tags={"a": 7})
        nested.at.height = 41
        nested.since.seconds = 1_800_000_000
        conf = {"auto.register.schemas": True}
        for message_type, value in ((outer_type.Leg, nested), (other_type, other_type(note="n"))):
            self.send(topic, protobuf.ProtobufSerializer(message_type, self.client(), conf),
                      [value])
        values = [m.value() for m in self.receive(topic, 2)]
        # Message indexes: the first type's first nested one, then the second type.
        expect(values[0][5:8] == b"\x04\x00\x00" and values[1][5:7] == b"\x02\x02",
               f"indexes {values[0][5:8]} {values[1][5:7]}")
        read = protobuf.ProtobufDeserializer(outer_type.Leg, {}, self.client())(
            values[0], SerializationContext(topic, MessageField.VALUE))
        expect(read == nested, f"read {read}")
        latest = self.client().get_latest_version(subject)
        expect([(r.name, r.subject) for r in latest.schema.references] == [(imported, imported)],
               f"references {latest.schema.references}")
        for text in ("message Flight {", "message Leg {", "map<string, int32> tags",
                     f'import "{imported}";'):
            expect(text in latest.schema.schema_str, f"{text} is not in {latest.schema.schema_str}")
        serialized = self.client().get_version(subject, 1, fmt="serialized").schema.schema_str
        expect(serialized and "message" not in serialized, f"serialized {serialized}")
        # Registered as text, what was registered as a descriptor is the same schema.
        again = self.client().register_schema(subject, latest.schema)
        expect(again == latest.schema_id, f"text {again}, descriptor {latest.schema_id}")
        by_latest = {"auto.register.schemas": False, "use.latest.version": True}
        self.send(topic, protobuf.ProtobufSerializer(other_type, self.client(), by_latest),
                  [other_type(note="again")])
        broken = latest.schema.schema_str.replace("string flight = 1;", "int64 flight = 1;")
        schema = sr.Schema(broken, "PROTOBUF", latest.schema.references)
        error = refused(409, 409, "FIELD_SCALAR_KIND_CHANGED",
                        lambda: self.client().register_schema(subject, schema))
        return error.error_message

    def json(self):
        """A schema that refers to another subject's; evolved, refused, and validated on reading."""
        topic = self.topic("json")
        subject = f"{topic}-value"
        position = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
                    "properties": {"height": {"type": "integer"}}, "additionalProperties": False}
        self.client().register_schema(f"{self.prefix}-json-position",
                                      sr.Schema(json.dumps(position), "JSON"))
        refers = [sr.SchemaReference("position.json", f"{self.prefix}-json-position", 1)]
        first = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Flight",
                 "type": "object", "properties": {"flight": {"type": "string"},
                                                  "at": {"$ref": "position.json"}},
                 "required": ["flight"], "additionalProperties": False}
        second = first | {"properties": first["properties"] | {"note": {"type": "string"}}}
        third = first | {"required": ["flight", "at"]}
        schema = lambda text: sr.Schema(json.dumps(text), "JSON", refers)
        values = [{"flight": "KL 1", "at": {"height": 41}}, {"flight": "KL 2", "note": "low"}]
        for version, value in zip((first, second), values):
            self.send(topic, json_schema.JSONSerializer(schema(version), self.client()), [value])
        read = self.read(topic, json_schema.JSONDeserializer(
            None, schema_registry_client=self.client()), 2)
        expect(read == values, f"read {read}")
        by_latest = {"auto.register.schemas": False, "use.latest.version": True}
        serializer = json_schema.JSONSerializer(None, self.client(), conf=by_latest)
        self.send(topic, serializer, [values[1]])
        try:
            self.send(topic, serializer, [{"flight": 5}])
        except Exception as error:
            expect("is not of type 'string'" in str(error), f"{error}")
        else:
            raise AssertionError("the client's own validation passed a number")
        error = refused(409, 409, "REQUIRED_ATTRIBUTE_ADDED",
                        lambda: self.client().register_schema(subject, schema(third)))
        return error.error_message

    def schemas_topic(self):
        """What was registered is in _schemas, as Confluent's registry would have written it."""
        subject = f"{self.prefix}-topic"
        schema_id = self.client().register_schema(subject, sr.Schema(FIRST, "AVRO"))
        self.client().set_compatibility(subject, "FULL")
        consumer = ck.Consumer(self.server | {"group.id": f"{self.prefix}-none",
                                              "enable.auto.commit": False})
        partition = ck.TopicPartition("_schemas", 0, 0)
        end = consumer.get_watermark_offsets(partition, WAIT_SECONDS)[1]
        consumer.assign([partition])
        found = {}
        while (message := consumer.poll(WAIT_SECONDS)) is not None:
            key = json.loads(message.key())
            if key.get("subject") == subject:
                found[key["keytype"]] = key, json.loads(message.value())
            if message.offset() == end - 1:
                break
        consumer.close()
        key, value = found["SCHEMA"]
        expect(key == {"keytype": "SCHEMA", "subject": subject, "version": 1, "magic": 1},
               f"key {key}")
        expect((value["id"], value["version"], value["deleted"], json.loads(value["schema"]))
               == (schema_id, 1, False, json.loads(FIRST)), f"value {value}")
        key, value = found["CONFIG"]
        expect((key["magic"], value["compatibilityLevel"]) == (0, "FULL"), f"{key} {value}")
        return f"id {schema_id} among {end} records"


def messages(prefix, imported):
    """Two files as protoc would have made them. -> the classes Flight (with Leg inside), Remark"""
    field = descriptor_pb2.FieldDescriptorProto
    package = "p" + "".join(c for c in prefix if c.isalnum())
    inner = descriptor_pb2.FileDescriptorProto(name=imported, package=package, syntax="proto3")
    position = inner.message_type.add(name="Position")
    position.field.add(name="height", number=1, type=field.TYPE_INT32, label=1)
    outer = descriptor_pb2.FileDescriptorProto(
        name=f"{prefix}/flight.proto", package=package, syntax="proto3",
        dependency=[imported, timestamp_pb2.DESCRIPTOR.name])
    leg = outer.message_type.add(name="Flight").nested_type.add(name="Leg")
    leg.field.add(name="flight", number=1, type=field.TYPE_STRING, label=1)
    leg.field.add(name="at", number=2, type=field.TYPE_MESSAGE, label=1,
                  type_name=f".{package}.Position")
    leg.field.add(name="since", number=3, type=field.TYPE_MESSAGE, label=1,
                  type_name=".google.protobuf.Timestamp")
    entry = leg.nested_type.add(name="TagsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=1)
    entry.field.add(name="value", number=2, type=field.TYPE_INT32, label=1)
    leg.field.add(name="tags", number=4, type=field.TYPE_MESSAGE, label=3,
                  type_name=f".{package}.Flight.Leg.TagsEntry")
    remark = outer.message_type.add(name="Remark")
    remark.field.add(name="note", number=1, type=field.TYPE_STRING, label=1)
    pool = descriptor_pool.Default()
    pool.Add(inner)
    pool.Add(outer)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
            for name in ("Flight", "Remark")]
