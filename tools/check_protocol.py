#!/usr/bin/env python3
"""Compares Klamm's descriptions of the protocol with Kafka's own definitions.

    check_protocol.py kafka-clients-4.3.1.jar fields.json

The jar holds Kafka's message definitions (common/message/*.json); fields.json is what the target
describe_apis, or `klamm apis --fields`, prints. Compared are, for every message: key, versions,
first flexible version; and for every field, in order: name, type, versions, versions in which it
may be null, tag, default, and whether its loss may be ignored. Each difference is one line; exit
1 when there is any, 2 when the check itself cannot run.

Versions that Kafka marks as unstable count as absent. Of fields inside a struct only those versions
count in which the struct itself is there.
"""

import json
import re
import sys
import zipfile

EVERY_VERSION = 32767


def load_kafka(jar, name):
    text = jar.read(f"common/message/{name}.json").decode()
    # Comments stand alone on their lines or after a value; no string of these files holds "//"
    # after a quote, except addresses ("https://").
    text = re.sub(r"(?m)(^|(?<=[\s,\]}]))//.*$", "", text)
    return json.loads(text)


def versions(text):
    """'3+' -> (3, EVERY_VERSION), '3-5' -> (3, 5), '3' -> (3, 3), 'none' -> None."""
    if text in (None, "none"):
        return None
    if text.endswith("+"):
        return int(text[:-1]), EVERY_VERSION
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def both(a, b):
    """The versions in a and in b; None when there are none."""
    if a is None or b is None:
        return None
    first, last = max(a[0], b[0]), min(a[1], b[1])
    return (first, last) if first <= last else None


def snake_case(name):
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return name.lower()


def kafka_default(field, nullable):
    """Kafka's rules for what a field holds when nothing is said about it."""
    kind, default = field["type"], field.get("default")
    if str(default) == "null":
        return None
    if kind == "records":
        return None
    if kind.startswith("[]"):
        return []
    if kind == "bool":
        return str(default).lower() == "true"
    if re.fullmatch(r"u?int\d+", kind):
        return int(str(default), 0) if default not in (None, "") else 0
    if kind == "float64":
        return float(default or 0)
    if kind == "string":
        return default or ""
    if kind == "uuid":
        return "AAAAAAAAAAAAAAAAAAAAAA"
    if kind == "bytes":
        return []
    if "fields" in field or kind[0].isupper():
        return "a struct"
    raise ValueError(f"no rule for the default of type {kind}")


def kafka_field(field, holder, structs):
    """A field in the terms of the comparison; None when `holder` never has it."""
    there = both(versions(field["versions"]), holder)
    if there is None:
        return None
    nullable = both(versions(field.get("nullableVersions")), there)
    tagged = both(versions(field.get("taggedVersions")), there)
    if tagged not in (None, there):
        raise ValueError(f"{field['name']} is tagged in some of its versions only")
    kind = field["type"]
    inner = field.get("fields") or structs.get(kind.removeprefix("[]"), [])
    result = {
        "name": snake_case(field["name"]),
        "type": kind,
        "versions": there,
        "nullable": nullable,
        "tag": field.get("tag") if tagged else None,
        "default": kafka_default(field, nullable),
        # Where a field is always there its loss cannot happen.
        "ignorable": bool(field.get("ignorable")) and there != holder,
    }
    result["fields"] = list(filter(None, (kafka_field(f, there, structs) for f in inner)))
    return result


def our_field(field, holder):
    there = both((field.get("first", 0), field.get("last", EVERY_VERSION)), holder)
    if there is None:
        raise ValueError(f"{field['name']} is in no version of what holds it")
    nullable = None
    if "nullable_from" in field:
        nullable = both((field["nullable_from"], EVERY_VERSION), there)
    return {
        "name": field["name"],
        "type": field["type"],
        "versions": there,
        "nullable": nullable,
        "tag": field.get("tag"),
        "default": field.get("default", "a struct"),
        "ignorable": field.get("ignorable", False),
        "fields": [our_field(f, there) for f in field.get("fields", [])],
    }


def compare_fields(where, ours, kafkas, report):
    our_names, kafka_names = [f["name"] for f in ours], [f["name"] for f in kafkas]
    if our_names != kafka_names:
        missing = [n for n in kafka_names if n not in our_names]
        unknown = [n for n in our_names if n not in kafka_names]
        for name in missing:
            report(f"{where}.{name}: missing")
        for name in unknown:
            report(f"{where}.{name}: Kafka has no such field")
        if not missing and not unknown:
            report(f"{where}: order {our_names}, Kafka {kafka_names}")
    by_name = {f["name"]: f for f in kafkas}
    compared = 0
    for mine in ours:
        theirs = by_name.get(mine["name"])
        if theirs is None:
            continue
        compared += 1
        name = f"{where}.{mine['name']}"
        for aspect in ("type", "versions", "nullable", "tag", "default", "ignorable"):
            # True == 1 in Python, so the types are compared too.
            if (type(mine[aspect]), mine[aspect]) != (type(theirs[aspect]), theirs[aspect]):
                report(f"{name}: {aspect} {mine[aspect]!r}, Kafka {theirs[aspect]!r}")
        compared += compare_fields(name, mine["fields"], theirs["fields"], report)
    return compared


def compare_message(message, kafka, unstable, report):
    name = message["name"]
    valid = versions(kafka["validVersions"])
    if unstable:
        valid = valid[0], valid[1] - 1
    ours = message["first"], message["last"]
    if message["key"] != kafka["apiKey"]:
        report(f"{name}: key {message['key']}, Kafka {kafka['apiKey']}")
    if ours != valid:
        report(f"{name}: versions {ours}, Kafka {valid}")
    flexible = versions(kafka["flexibleVersions"])
    if message.get("flexible_from") != (flexible and flexible[0]):
        report(f"{name}: flexible from {message.get('flexible_from')}, Kafka {flexible}")
    structs = {s["name"]: s["fields"] for s in kafka.get("commonStructs", [])}
    theirs = list(filter(None, (kafka_field(f, valid, structs) for f in kafka["fields"])))
    return compare_fields(name, [our_field(f, ours) for f in message["fields"]], theirs, report)


def check(jar, messages):
    """The differences, one line each, and how many fields were compared."""
    differences = []
    fields = 0
    for message in messages:
        name = message["name"]
        kafka = load_kafka(jar, name)
        # Kafka marks unstable versions in requests only.
        request = load_kafka(jar, re.sub("Response$", "Request", name))
        unstable = request.get("latestVersionUnstable", False)
        fields += compare_message(message, kafka, unstable, differences.append)
    return differences, fields


def main(jar_path, fields_path):
    with zipfile.ZipFile(jar_path) as jar, open(fields_path, encoding="utf-8") as file:
        messages = json.load(file)
        differences, fields = check(jar, messages)
    for difference in differences:
        print(difference)
    print(f"{len(messages)} messages, {fields} fields compared, {len(differences)} differences")
    if fields == 0:
        print("nothing was compared", file=sys.stderr)
        return 2
    return 1 if differences else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"check_protocol: {error}", file=sys.stderr)
        sys.exit(2)
