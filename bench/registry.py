"""The schema registry under wrk: the server on one core, the load on the other."""
import dataclasses
import json
import pathlib
import re
import statistics
import subprocess
import urllib.request
import uuid

import sides

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 32
SCHEMAS = 1000  # that lookups go through
FIELDS = 200    # of the schema that is checked
SCRIPT = pathlib.Path(__file__).parent / "registry.lua"
RESULT = re.compile(r"^result (\d+) (\d+) (\S+) (\S+) (\d+)$", re.M)


class OneCore(sides.Klamm):
    def command(self):
        return ["taskset", "-c", SERVER_CORE, *super().command()]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"


@dataclasses.dataclass
class Peer:
    """A registry that runs already, confined to the server's core by whoever started it."""
    name: str
    durability: str
    url: str


def record(name, count):
    return json.dumps({"type": "record", "name": name, "fields": [
        {"name": f"field_{n}", "type": ["null", "string"] if n % 2 else "int",
         "default": None if n % 2 else 0} for n in range(count)]})


def post(side, path, schema):
    request = urllib.request.Request(
        side.url + path, json.dumps({"schema": schema}).encode(),
        {"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wrk(side, connections, seconds, *arguments):
    """(requests/s, mean ms, p99 ms) of answers that were all good."""
    run = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s",
         str(SCRIPT), side.url, "--", *arguments], capture_output=True, text=True, check=True)
    found = RESULT.search(run.stdout)
    if not found:
        raise RuntimeError(f"wrk said: {run.stdout}{run.stderr}")
    requests, microseconds, mean, p99, errors = (float(part) for part in found.groups())
    if errors or not requests:
        raise RuntimeError(f"{errors:.0f} of {requests:.0f} requests failed")
    return requests / microseconds * 1e6, mean / 1000, p99 / 1000


def prepare(side, folder):
    """Schemas to look up, and one that is wide; -> (the first id, the file with the new version)"""
    token = uuid.uuid4().hex[:8]
    ids = [post(side, f"/subjects/lookup-{token}-{n}/versions", record(f"R{token}{n}", 5))["id"]
           for n in range(SCHEMAS)]
    if ids != list(range(ids[0], ids[0] + SCHEMAS)):
        raise RuntimeError("ids are not in order")
    post(side, "/subjects/wide/versions", record("Wide", FIELDS))
    file = folder / "wide.json"
    file.write_text(json.dumps({"schema": record("Wide", FIELDS + 1)}))
    if post(side, "/compatibility/subjects/wide/versions/latest",
            record("Wide", FIELDS + 1)) != {"is_compatible": True}:
        raise RuntimeError("the new version is not compatible")
    return ids[0], file


# (program, its benchmark, what is measured, the note)
ALONE = [
    ("avro_bench", "check", "an Avro payload of 1 KiB checked", "one core, no broker; goal: over 300 MB/s"),
    ("avro_bench", "check_numbers", "an Avro payload of 1 KiB of small numbers checked", "the dear case"),
    ("json_schema_bench", "check", "a JSON payload of 1 KiB checked", "one core, no broker"),
    ("avro_bench", "compare_200_fields", "two Avro schemas of 200 fields compared", "goal: below 1 ms"),
    ("json_schema_bench", "compare_200_fields", "two JSON Schemas of 200 properties compared", "goal: below 1 ms"),
]


def alone(bench, side):
    """What schemas cost without HTTP and without a broker."""
    for program in dict.fromkeys(row[0] for row in ALONE):
        run = subprocess.run(["taskset", "-c", SERVER_CORE, str(bench.programs / program),
                              "--benchmark_format=json"], capture_output=True, text=True, check=True)
        found = {each["name"]: each for each in json.loads(run.stdout)["benchmarks"]}
        for _, name, what, note in [row for row in ALONE if row[0] == program]:
            each = found[name]
            if "bytes_per_second" in each:
                bench.add(what, side, each["bytes_per_second"] / 1e6, "MB/s", "more", table="registry", note=note)
            else:
                scale = {"ns": 1e-6, "us": 1e-3, "ms": 1}[each["time_unit"]]
                bench.add(what, side, each["cpu_time"] * scale, "ms", "less", table="registry", note=note)


def registry(bench):
    bench.close()  # another Klamm has the same folder
    own = bench.side(OneCore)
    both = [own, *bench.peers]
    seconds = bench.size.registry_seconds
    prepared = [prepare(side, bench.folder) for side in both]

    def measure(name, unit, better, connections, arguments, pick, note):
        taken = [[] for _ in both]
        for turn in range(bench.size.registry_rounds):
            for side, numbers, (first, file) in zip(both, taken, prepared):
                try:
                    numbers.append(wrk(side, connections, seconds, *arguments(first, file)))
                except (RuntimeError, subprocess.CalledProcessError) as why:
                    return bench.skip(name[0], side, why)
        for what, of in zip(name, pick):
            for side, numbers in zip(both, taken):
                bench.add(what, side, statistics.median(of(*n) for n in numbers), unit, better,
                          table="registry", note=note)

    rate = (lambda per_second, mean, p99: per_second,)
    times = (lambda per_second, mean, p99: mean, lambda per_second, mean, p99: p99)
    measure((f"lookups by id, {CONNECTIONS} connections",), "/s", "more", CONNECTIONS,
            lambda first, file: ("lookup", str(first), str(SCHEMAS)), rate,
            f"{SCHEMAS:,} ids in turn; goal: over 50,000")
    measure((f"registrations of new schemas, {CONNECTIONS} connections",), "/s", "more", CONNECTIONS,
            lambda first, file: ("register", uuid.uuid4().hex[:8]), rate,
            "a new subject and a new id each")
    measure((f"compatibility check of {FIELDS} fields: mean", f"compatibility check of {FIELDS} fields: p99"),
            "ms", "less", 1, lambda first, file: ("check", str(file)), times,
            "by HTTP, one after the other; goal: below 1 ms")
    alone(bench, own)
