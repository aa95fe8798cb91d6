"""An App's events (test/conformance/events_app.cc), written and read by the CloudEvents SDK and by Confluent's serdes.

Each step starts the App in one format, sends to its topic, and looks at what it answers.
"""

import base64
import contextlib
import datetime
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import confluent_kafka as ck
from client_steps import WAIT_SECONDS, expect, run_steps
from cloudevents.core.bindings import kafka as ce
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import schema_registry as sr
from confluent_kafka.schema_registry import avro, json_schema, protobuf
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf.duration_pb2 import Duration

APP = Path(os.environ["KLAMM"]).parent / "test" / "conformance" / "events_app"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AT = datetime.datetime(2026, 11, 23, 16, 0, 0, 250_000, datetime.timezone.utc)
SHIPPED = {"order": "o-1", "cents": 9_007_199_254_740_993, "at": "2026-11-23T16:00:00.250Z", "way": "air",
           "seal": base64.b64encode(b"\x00\xff").decode(),
           "parcels": [{"kilograms": 0.5, "mark": None}, {"kilograms": 2.0, "mark": "ü"}],
           "counts": {"a": 1}}
BILLED = SHIPPED | {"cents": SHIPPED["cents"] + 1}
SHIPPED_AVRO = SHIPPED | {"at": AT, "seal": b"\x00\xff"}
BILLED_AVRO = SHIPPED_AVRO | {"cents": SHIPPED["cents"] + 1}

bootstrap, prefix, url = sys.argv[1:]
registry = sr.SchemaRegistryClient({"url": url})


def start(form):
    return subprocess.Popen([APP, "--bootstrap", bootstrap, "--registry", url, "--quiet"],
                            env=os.environ | {"EVENTS_PREFIX": prefix, "EVENTS_FORMAT": form},
                            stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def app(form):
    """At work, and afterwards stopped as it should be."""
    process = start(form)
    try:
        expect(process.stdout.readline() != "", f"the App left with {process.poll()}")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        left = process.wait(WAIT_SECONDS)
    expect(left == 0, f"the App left with {left}")


def end_of(topic):
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": f"{prefix}-none"})
    _, end = consumer.get_watermark_offsets(ck.TopicPartition(topic, 0), WAIT_SECONDS)
    consumer.close()
    return end


def answer(form, value, headers=None, key="k", topic="out"):
    """Sends a record, and gives the one that the App sends for it."""
    watched = f"{prefix}-{form}-in-dlt" if topic == "dlt" else f"{prefix}-{form}-out"
    before = end_of(watched)
    producer = ck.Producer({"bootstrap.servers": bootstrap})
    producer.produce(f"{prefix}-{form}-in", value=value, key=key, headers=headers or {}, partition=0)
    expect(producer.flush(WAIT_SECONDS) == 0, "not acknowledged")
    consumer = ck.Consumer({"bootstrap.servers": bootstrap, "group.id": f"{prefix}-none",
                            "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.assign([ck.TopicPartition(watched, 0, before)])
    messages = consumer.consume(1, WAIT_SECONDS)
    consumer.close()
    expect(len(messages) == 1, f"nothing came to {watched}")
    expect(messages[0].error() is None, f"{messages[0].error()}")
    return messages[0]


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


def sent_event(number):
    return CloudEvent({"type": "shop.shipped", "source": "/python", "id": number, "time": AT,
                       "datacontenttype": "application/json", "traceparent": TRACE,
                       "correlationid": "story-1", "partitionkey": "ann"}, SHIPPED)


def check_answer(message, number):
    """What the SDK reads, but for the id of the schema in front of the value."""
    headers = dict(message.headers())
    unframed = ce.KafkaMessage(headers, message.key(), message.value()[5:])
    event = ce.from_binary(unframed, JSONFormat())
    expect(event.get_type() == "shop.billed", event.get_type())
    expect(event.get_source() == f"/{prefix}-json", event.get_source())
    expect(event.get_extension("causationid") == number, event.get_attributes())
    expect(event.get_extension("correlationid") == "story-1", event.get_attributes())
    expect(event.get_time() is not None and event.get_time().tzinfo is not None, "no time")
    expect(event.get_datacontenttype() == "application/json", event.get_datacontenttype())
    expect(event.get_data() == BILLED, event.get_data())
    expect(message.key() == b"ann", message.key())
    trace = headers["traceparent"].decode()
    expect(trace[:36] == TRACE[:36] and trace[36:52] != TRACE[36:52], trace)
    return event.get_id()


def cloudevents(number, write):
    with app("json"):
        written = write(sent_event(number), JSONFormat())
        return check_answer(answer("json", written.value, written.headers, written.key), number)


def json_serdes():
    with app("json"):
        topic = f"{prefix}-json-in"
        schema = registry.get_latest_version(f"{topic}-value").schema
        serialize = json_schema.JSONSerializer(schema.schema_str, registry,
                                               conf={"auto.register.schemas": False,
                                                     "use.latest.version": True})
        message = answer("json", serialize(SHIPPED, context(topic)))
        out = registry.get_latest_version(f"{prefix}-json-out-value").schema
        read = json_schema.JSONDeserializer(out.schema_str, schema_registry_client=registry)(
            message.value(), context(message.topic()))
        expect(read == BILLED, read)
        return json.loads(schema.schema_str)["title"]


def avro_serdes():
    with app("avro"):
        topic = f"{prefix}-avro-in"
        serialize = avro.AvroSerializer(registry, conf={"auto.register.schemas": False,
                                                        "use.latest.version": True})
        message = answer("avro", serialize(SHIPPED_AVRO, context(topic)))
        read = avro.AvroDeserializer(registry)(message.value(), context(message.topic()))
        expect(read == BILLED_AVRO, read)
        expect(dict(message.headers())["content-type"] == b"application/avro", message.headers())
        return f"{len(message.value())} bytes"


def avro_evolved():
    """The producer is ahead: a field more, one less, names and numbers in another order."""
    with app("avro"):
        topic = f"{prefix}-avro-in"
        schema = json.loads(registry.get_latest_version(f"{topic}-value").schema.schema_str)
        fields = {field["name"]: field for field in schema["fields"] if field["name"] != "counts"}
        fields["cents"]["type"] = "int"
        schema["fields"] = [{"name": "carrier", "type": ["null", "string"], "default": None},
                            *reversed(fields.values())]
        newer = json.dumps(schema)
        registry.set_compatibility(f"{topic}-value", "NONE")
        value = SHIPPED_AVRO | {"cents": 41, "carrier": "KL"}
        del value["counts"]
        message = answer("avro", avro.AvroSerializer(registry, newer)(value, context(topic)))
        read = avro.AvroDeserializer(registry)(message.value(), context(message.topic()))
        expect(read == SHIPPED_AVRO | {"cents": 42, "counts": {}}, read)
        return f"{len(registry.get_versions(f'{topic}-value'))} versions"


def protobuf_serdes():
    with app("protobuf"):
        topic = f"{prefix}-protobuf-in"
        # It registers its own text: by the latest one it would define google.protobuf.Duration twice.
        conf = {"auto.register.schemas": True}
        value = protobuf.ProtobufSerializer(Duration, registry, conf)(Duration(seconds=7),
                                                                      context(topic))
        message = answer("protobuf", value)
        # Without the registry: the deserializer would define google.protobuf.Duration twice.
        read = protobuf.ProtobufDeserializer(Duration, {})(message.value(),
                                                           context(message.topic()))
        written_with = registry.get_schema(int.from_bytes(message.value()[1:5], "big"))
        expect(written_with.schema_type == "PROTOBUF", written_with.schema_type)
        expect(read == Duration(seconds=8), read)
        return dict(message.headers())["ce_type"].decode()


def undecodable():
    """Dead letters say where and why; what comes behind under another key is handled."""
    with app("json"):
        said = []
        for number, (value, why) in enumerate([
                (b'{"cents":"x"}', '/cents: expected a whole number of 64 bits, found "x"'),
                (b'{"way":"sea"}', '/way: expected one of road, air, found "sea"'),
                (b"\x00\x7f\xff\xff\xff{}", "no schema with id 2147483647"),
                (b'{"cents":-1}', "a price below zero")]):
            letter = answer("json", value, key=f"bad-{number}", topic="dlt")
            text = " ".join(v.decode(errors="replace") for _, v in letter.headers() if v)
            expect(why in text, f"{letter.headers()}")
            expect(letter.value() == value, letter.value())
            said.append(why)
        answer("json", json.dumps(SHIPPED).encode(), key="good")
        return f"{len(said)} dead letters"


def breaking():
    """An App that may not send what it declares does not start."""
    process = subprocess.run([APP, "--bootstrap", bootstrap, "--registry", url],
                             env=os.environ | {"EVENTS_PREFIX": prefix, "EVENTS_FORMAT": "breaking"},
                             capture_output=True, text=True, timeout=WAIT_SECONDS)
    expect(process.returncode == 1, f"left with {process.returncode}")
    for text in (f"{prefix}-avro-out-value", "TYPE_MISMATCH", "/fields/", "doc/events.md"):
        expect(text in process.stderr, f"{text} is not in {process.stderr}")
    return process.stderr.splitlines()[-1][:100]


print(f"client confluent-kafka {ck.__version__}, cloudevents 2.2.0", flush=True)
sys.exit(run_steps([
    ("cloudevents-binary", lambda: cloudevents("e-1", ce.to_binary)),
    ("cloudevents-structured", lambda: cloudevents("e-2", ce.to_structured)),
    ("json", json_serdes), ("avro", avro_serdes), ("avro-evolved", avro_evolved),
    ("protobuf", protobuf_serdes), ("undecodable", undecodable), ("breaking", breaking)]))
