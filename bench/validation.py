"""What validation of records costs a produce: the same records into topics that do not look at them, that look at their
ids, and at their bytes, of three languages' schemas the fastest and most used: Avro."""
import json
import random
import string
import urllib.request

import load
import sides

FIELDS = 16
FIELD_BYTES = 61  # so that no byte of a record is beyond ASCII or a line's end: ProducerPerformance reads lines of text
PAYLOADS = 1_000
MODES = ("off", "id", "payload")
SCHEMA = {"type": "record", "name": "Row",
          "fields": [{"name": f"f{n}", "type": "string"} for n in range(FIELDS)]}


def _register(side, subject):
    request = urllib.request.Request(
        f"http://127.0.0.1:{side.http_port}/subjects/{subject}/versions", method="POST",
        data=json.dumps({"schema": json.dumps(SCHEMA)}).encode(),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["id"]


def _payloads(path, schema_id):
    """Lines, each a record as Confluent's serializer writes it."""
    assert schema_id < 10
    choice = random.Random(4)
    lines = []
    for _ in range(PAYLOADS):
        fields = ("".join(choice.choices(string.ascii_letters, k=FIELD_BYTES)) for _ in range(FIELDS))
        lines.append(bytes([0, 0, 0, 0, schema_id]) +
                     b"".join(bytes([2 * FIELD_BYTES]) + text.encode() for text in fields))
    path.write_bytes(b"\n".join(lines))
    return len(lines[0])


def validation(bench):
    """The modes take turns; of each the best round counts."""
    records = bench.size.produce_records
    rates, costs = {}, {}
    side = bench.side(sides.Klamm)
    try:
        for round_ in range(max(2, bench.size.rounds)):
            for mode in MODES:
                topic = bench.topic(side, 1, {"klamm.schema.validation": mode})
                payloads = bench.folder / "payloads"
                size = _payloads(payloads, _register(side, f"{topic}-value"))
                load.produce(side.port, topic, records // 10, payloads=payloads)
                seen = side.metric("klamm_records_validated_total")
                before = side.cpu_seconds()
                done = load.produce(side.port, topic, records, payloads=payloads)
                costs.setdefault(mode, []).append((side.cpu_seconds() - before) * 2 ** 30 / (records * size))
                rates.setdefault(mode, []).append(done["mib_per_s"])
                looked_at = side.metric("klamm_records_validated_total") - seen
                if looked_at != (0 if mode == "off" else records):
                    raise load.LoadError(f"{looked_at} of {records} records were looked at with {mode}")
                side.delete_topic(topic)
        for mode in MODES:
            at = f"produce, 1 partition, Avro of {size} bytes, validation {mode}"
            bench.add(f"{at}: throughput", side, max(rates[mode]), "MiB/s", "more", note=f"best of {len(rates[mode])}")
            bench.add(f"{at}: broker CPU", side, min(costs[mode]), "s/GiB", note=f"best of {len(costs[mode])}")
    except (load.LoadError, OSError, RuntimeError) as failure:
        bench.skip("produce with validation", side, failure)
