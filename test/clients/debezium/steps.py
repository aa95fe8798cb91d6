"""Debezium's PostgreSQL connector in a distributed Kafka Connect worker, exactly once, while the
broker is killed twice and the worker once: its events are the table's changes, one for one."""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from brokers import free_port, own_broker
from client_steps import expect, run_steps
from table import Table

sys.path.append(str(Path(os.environ["KLAMM_SOURCE"]) / "test" / "robustness"))
from postgres_server import Postgres  # noqa: E402

ROWS_BEFORE = 300
CHANGES = 10_000
KILLS = "bwb"  # broker, worker
DOWN_SECONDS_MAX = 1.5
WAIT_SECONDS = 120
SESSION_MS = 6_000  # as long the group waits for a worker that was killed
TRANSACTION_MS = 10_000  # and readers for its transaction
INTERNAL = ("configs", "offsets", "status")

prefix, = sys.argv[1:]
seed = int(os.environ.get("SEED", random.randrange(10**6)))
chance = random.Random(seed)
table = Table(seed)
folder = tempfile.TemporaryDirectory(prefix="klamm-debezium-")
topic = f"{prefix}.public.accounts"


def java(*arguments):
    return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.configurationFile=log4j2.properties", "-cp", "jars/*", *arguments]


class Worker:
    """A distributed worker; start() leaves when its REST API answers."""

    def __init__(self):
        self.port = free_port()
        Path("worker.properties").write_text(f"""bootstrap.servers={broker.bootstrap}
group.id={prefix}-connect
config.storage.topic={prefix}-configs
offset.storage.topic={prefix}-offsets
status.storage.topic={prefix}-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter.schemas.enable=false
exactly.once.source.support=enabled
scheduled.rebalance.max.delay.ms=0
producer.transaction.timeout.ms={TRANSACTION_MS}
session.timeout.ms={SESSION_MS}
heartbeat.interval.ms={SESSION_MS // 4}
listeners=http://127.0.0.1:{self.port}
plugin.path={Path("plugins").resolve()}
""")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            java("org.apache.kafka.connect.cli.ConnectDistributed", "worker.properties"))
        self.wait("that the worker answers", lambda: self.ask("/") is not None)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask(self, path, body=None):
        """The answer, or None when there is none yet."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}",
                                         method="PUT" if body else "GET",
                                         data=body and json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            expect(error.code in (404, 409, 500, 503), f"{path}: {error.code} {error.read()}")
        except OSError:
            pass
        return None

    def running(self):
        status = self.ask("/connectors/accounts/status")
        parts = status and [status["connector"], *status["tasks"]]
        for part in parts or ():
            expect(part["state"] != "FAILED", part.get("trace", "")[-1500:])
        return bool(parts) and len(parts) == 2 and all(p["state"] == "RUNNING" for p in parts)

    def wait(self, what, condition):
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            expect(self.process.poll() is None, "the worker has left")
            expect(time.monotonic() < deadline, f"{WAIT_SECONDS} s were not enough {what}")
            time.sleep(0.1)


def connector():
    """No tombstones: Debezium gives one the position of its deletion, so that a tombstone whose
    transaction is aborted while the deletion's was the one before is left out when it resumes."""
    return {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "tasks.max": "1",
        "exactly.once.support": "required",
        "database.hostname": "127.0.0.1",
        "database.port": str(postgres.port),
        "database.user": "postgres",
        "database.password": "trusted",
        "database.dbname": "postgres",
        "plugin.name": "pgoutput",
        "publication.autocreate.mode": "filtered",
        "table.include.list": "public.accounts",
        "topic.prefix": prefix,
        "topic.creation.default.partitions": "1",
        "topic.creation.default.replication.factor": "-1",
        "tombstones.on.delete": "false",
        "poll.interval.ms": "50",
    }


def kcat(*arguments):
    return subprocess.run(["kcat", "-q", "-b", broker.bootstrap, *arguments], check=True,
                          capture_output=True, timeout=WAIT_SECONDS, text=True).stdout


def read(isolation="read_committed"):
    """[(key, value)] of the table's topic; both are JSON."""
    out = kcat("-C", "-t", topic, "-e", "-J", "-X", f"isolation.level={isolation}")
    rows = map(json.loads, out.splitlines())
    return [(row["key"], row["payload"]) for row in rows]


def end_offset():
    """Where the topic ends, or 0 when there is none."""
    try:
        return int(kcat("-Q", "-t", f"{topic}:0:-1").rsplit(" ", 1)[1])
    except subprocess.CalledProcessError:
        return 0


def run():
    started = time.monotonic()
    print(f"seed {seed}", flush=True)
    postgres.sql(Table.CREATE)
    postgres.sql(table.transactions(ROWS_BEFORE))
    # They are there before the connector is: it reads them as a snapshot, in the table's order.
    rows = postgres.sql("SELECT region, number FROM accounts").split()
    table.events = [("r", key, None, table.rows[key]) for key in
                    ((region, int(number)) for region, number in (row.split("|") for row in rows))]
    snapshot = len(table.events)
    worker = Worker()
    try:
        worker.wait("to create the connector", lambda: worker.ask(
            "/connectors/accounts/config", connector()) is not None)
        worker.wait("for the task", worker.running)
        worker.wait("for the snapshot", lambda: end_offset() >= snapshot)
        portion = CHANGES // (len(KILLS) + 1)
        for number, kill in enumerate(KILLS):
            change = threading.Thread(target=postgres.sql, args=[table.transactions(portion)])
            wanted = end_offset() + chance.randint(1, portion // 2)
            change.start()
            worker.wait("for events", lambda: end_offset() >= wanted)
            print(f"{time.monotonic() - started:.1f} s: kill {kill} at {end_offset()}", flush=True)
            if kill == "b":
                broker.kill()
                time.sleep(chance.uniform(0, DOWN_SECONDS_MAX))
                broker.start()
            else:
                worker.kill()
                worker.start()
            change.join()
        postgres.sql(table.transactions(snapshot + CHANGES - len(table.events)))
        worker.wait("for all events", lambda: worker.running() is not None
                    and len(read()) >= len(table.events))
    finally:
        worker.close()
    return (f"broker killed {broker.kills} times, worker {KILLS.count('w')} times, "
            f"{time.monotonic() - started:.0f} s, seed {seed}")


def compare_changes():
    found = []
    for key, value in read():
        key, value = json.loads(key), json.loads(value)
        found.append((value["op"], (key["region"], key["number"]), value["before"],
                      value["after"]))
    for number, (wanted, event) in enumerate(zip(table.events, found)):
        expect(event == wanted, f"record {number} is {event}, wanted {wanted}")
    expect(len(found) == len(table.events), f"{len(found)} records, wanted {len(table.events)}")
    hidden = len(read("read_uncommitted")) - len(found)
    count = {name: sum(event[0] == name for event in table.events) for name in "rcud"}
    return (f"in order, once: {count['r']} rows of the snapshot, {count['c']} inserts, "
            f"{count['u']} updates, {count['d']} deletes; {hidden} records of "
            "aborted transactions not seen")


def compare_topics():
    """Those that Connect created for itself."""
    names = [f"{prefix}-{name}" for name in INTERNAL]
    listed = {t["topic"]: len(t["partitions"]) for t in json.loads(kcat("-L", "-J"))["topics"]}
    found = [listed.get(name) for name in names]
    expect(found == [1, 25, 5], f"{INTERNAL} have {found} partitions")
    done = subprocess.run(java("Policies.java", broker.bootstrap, *names), check=True, text=True,
                          capture_output=True, timeout=WAIT_SECONDS)
    expect(done.stdout.split() == ["compact"] * 3, f"policies: {done.stdout.split()}")
    return f"{', '.join(INTERNAL)} with {found} partitions, all compacted"


broker = own_broker(Path(folder.name) / "broker")
postgres = Postgres(Path(folder.name) / "postgres")
code = 1
try:
    print("client debezium " + next(Path("plugins/debezium").glob("debezium-connector-postgres-*"))
          .stem.removeprefix("debezium-connector-postgres-"), flush=True)
    code = run_steps([("run", run), ("changes", compare_changes), ("topics", compare_topics),
                      ("broker", broker.check)])
finally:
    broker.close()
    postgres.close()
    if code:
        print(broker.log.read_text()[-4000:], file=sys.stderr)
    folder.cleanup()
sys.exit(code)
