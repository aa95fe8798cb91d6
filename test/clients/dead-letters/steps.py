"""Dead letters that real programs write, listed and redriven by `klamm dlq`: of each, four events
are refused, become dead letters, are sent back once the program is mended, and are handled once.

Those of share groups are written by the broker (KIP-1191), so there it is Apache Kafka's."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from brokers import ApacheKafka
from client_steps import expect, run_steps, wait_until

EVENTS = 40
POISON = (3, 7, 8, 30)  # 3 and 7 have the same key
KEYS = 4
PARTITIONS = 2
WAIT_SECONDS = 60
REDRIVES_KILLED = 3
MANY = 6000
RATE = 600
REFUSED = "the bank refused poison"

bootstrap, prefix = sys.argv[1:]
folder = tempfile.TemporaryDirectory(prefix="klamm-dead-letters-")
here = Path(__file__).parent.resolve()


def klamm(*arguments, where=bootstrap, codes=(0,)):
    done = subprocess.run([os.environ["KLAMM"], *arguments, "--bootstrap", where],
                          capture_output=True, text=True, timeout=120)
    expect(done.returncode in codes, f"klamm {' '.join(arguments)}: {done.returncode} "
           f"{done.stdout[-300:]} {done.stderr[-600:]}")
    return done.stdout


def waiting(topic, where=bootstrap):
    out = klamm("dlq", "list", topic, "-n", "100000", "--json", where=where)
    return [json.loads(line) for line in out.splitlines()]


def redrive(topic, *arguments, where=bootstrap, codes=(0,)):
    return json.loads(klamm("dlq", "redrive", topic, *arguments, "--json", where=where,
                            codes=codes))


def event(number):
    """(partition, key, value)"""
    return (number % PARTITIONS, f"key-{number % KEYS}",
            f"{'poison' if number in POISON else 'event'}-{number}")


def produce(topic, where=bootstrap):
    """Partition by partition, so that offsets are known: the n-th of a partition is at n."""
    for partition in range(PARTITIONS):
        lines = "".join(f"{key}\t{value}\n" for p, key, value in map(event, range(EVENTS))
                        if p == partition)
        subprocess.run(["kcat", "-P", "-b", where, "-t", topic, "-p", str(partition), "-K", "\t",
                        "-H", "own=1"], input=lines, text=True, check=True, timeout=30)


def expected():
    """{value: (key, partition, offset)} of what is refused."""
    return {value: (key, partition, number // PARTITIONS)
            for number in POISON for partition, key, value in [event(number)]}


class Program:
    """A process that prints what it handles, and ends when its input does."""

    def __init__(self, name, *command, cwd=here):
        self.log = Path(folder.name) / f"{name}.log"
        self.file = self.log.open("w")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.file,
                                        stderr=subprocess.STDOUT, cwd=cwd)

    def handled(self):
        return [line[len("handled "):] for line in self.log.read_text().splitlines()
                if line.startswith("handled ")]

    def wait(self, what, condition):
        try:
            wait_until(lambda: self.process.poll() is not None or condition(), what, WAIT_SECONDS)
            expect(self.process.poll() is None, f"the program has left, and not {what}")
        except AssertionError:
            print(self.log.read_text()[-6000:], flush=True)
            raise

    def stop(self):
        try:
            self.process.stdin.write(b"\n\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.file.close()


def java(*arguments, jars="jars"):
    return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dlog4j2.configurationFile=log4j2.properties", "-cp", f"classes:{jars}/*", *arguments]


def check_letters(letters, topic, writer, group=None, error=None, with_value=True):
    want = expected()
    expect(len(letters) == len(want), f"{len(letters)} dead letters")
    places = {(topic, partition, offset): (key, value)
              for value, (key, partition, offset) in want.items()}
    for letter in letters:
        original = letter["original"]
        place = (original["topic"], original["partition"], original["offset"])
        expect(place in places, f"nothing was refused at {place}")
        key, value = places.pop(place)
        expect(letter["written_by"] == writer, f"taken for {letter['written_by']}")
        if with_value:
            expect((letter["key"], letter["value"]) == (key, value), f"{letter}")
        if group:
            expect(letter.get("group") == group, f"group {letter.get('group')}")
        if error:
            expect(letter["error_type"] == error, letter["error_type"])
            expect(value in letter["reason"], letter["reason"])


def check_redrive(letters_topic, where=bootstrap):
    """A dry run does nothing; then all, once."""
    tried = redrive(letters_topic, "--all", "--dry-run", where=where)
    expect(tried["redriven"] == len(POISON) and tried["dry_run"], f"{tried}")
    expect(len(waiting(letters_topic, where)) == len(POISON), "the dry run did something")
    done = redrive(letters_topic, "--all", where=where)
    expect(done["redriven"] == len(POISON) and not done["stay"], f"{done}")
    expect(redrive(letters_topic, "--all", where=where)["redriven"] == 0, "redriven twice")
    expect(not waiting(letters_topic, where), "some wait still")


def check_handled(before, after, foreign_headers):
    """Each event once, poison after it was mended, in the order of its key, headers as they were."""
    names = [line.split()[0] for line in before + after]
    want = sorted(f"{key}={value}" for _, key, value in map(event, range(EVENTS)))
    expect(sorted(names) == want, f"handled: {sorted(names)}")
    names = [line.split()[0] for line in after]
    expect(len(names) == len(POISON) and all("=poison" in name for name in names), f"{names}")
    expect(names.index("key-3=poison-3") < names.index("key-3=poison-7"), f"{names}")
    for line in after:
        headers = line.split()[1:]
        expect("own" in headers and "klamm_redrive" in headers, line)
        expect(not any(h.startswith(foreign_headers) for h in headers), line)


def spring_run(mode, suffix, writer, headers, make_letters):
    topic, group = f"{prefix}-spring-{mode}", f"{prefix}-{mode}"
    letters = topic + suffix
    klamm("topic", "create", topic, "-p", str(PARTITIONS))
    if make_letters:
        klamm("topic", "create", letters, "-p", str(PARTITIONS))
    produce(topic)
    first = Program(f"spring-{mode}", *java("Spring", mode, bootstrap, topic, group))
    try:
        first.wait("all handled", lambda: len(first.handled()) >= EVENTS - len(POISON))
        first.wait("dead letters", lambda: letters_are_there(letters))
    finally:
        first.stop()
    check_letters(waiting(letters), topic, writer, group, "Spring$CardRefused")
    check_redrive(letters)
    second = Program(f"spring-{mode}-2", *java("Spring", mode, bootstrap, topic, group, "mended"))
    try:
        second.wait("poison handled", lambda: len(second.handled()) >= len(POISON))
        time.sleep(1)  # what would come twice
    finally:
        second.stop()
    check_handled(first.handled(), second.handled(), headers)
    return f"{len(POISON)} of {EVENTS} refused, redriven, handled once, in order"


def letters_are_there(topic, where=bootstrap):
    out = klamm("topic", "list", "--json", where=where)
    return any(t["topic"] == topic for t in json.loads(out)) and \
        len(waiting(topic, where)) == len(POISON)


def spring():
    return spring_run("plain", "-dlt", "Spring", ("kafka_dlt-", "kafka_original"), True)


def spring_retry():
    return spring_run("retry", "-dlt", "Spring retry topic",
                      ("kafka_original", "kafka_exception", "retry_topic", "kafka_dlt"), False)


def connect_worker(name, topic, letters, converter):
    """A standalone worker with a sink into a file."""
    work = Path(folder.name) / "connect"
    work.mkdir(exist_ok=True)
    (work / "worker.properties").write_text(f"""bootstrap.servers={bootstrap}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename={work}/offsets
offset.flush.interval.ms=300
listeners=http://127.0.0.1:0
plugin.discovery=only_scan
""")
    (work / "sink.properties").write_text(f"""name={prefix}-sink
connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector
tasks.max=1
topics={topic}
file={work}/sink.txt
value.converter={converter}
value.converter.schemas.enable=false
errors.tolerance=all
errors.deadletterqueue.topic.name={letters}
errors.deadletterqueue.topic.replication.factor=1
errors.deadletterqueue.context.headers.enable=true
consumer.override.auto.offset.reset=earliest
""")
    return Program(name, *java("org.apache.kafka.connect.cli.ConnectStandalone",
                               str(work / "worker.properties"), str(work / "sink.properties")))


def connect_stop(worker):
    worker.process.terminate()
    worker.stop()


def connect():
    """Poison is what is no JSON; the mended sink takes texts."""
    topic, letters = f"{prefix}-connect", f"{prefix}-connect-dlq"
    sink = Path(folder.name) / "connect" / "sink.txt"
    lines = lambda: sink.read_text().splitlines() if sink.exists() else []
    klamm("topic", "create", topic, "-p", str(PARTITIONS))
    klamm("topic", "create", letters, "-p", "1")
    for partition in range(PARTITIONS):
        text = "".join(f"{key}\t{value if 'poison' in value else json.dumps(value)}\n"
                       for p, key, value in map(event, range(EVENTS)) if p == partition)
        subprocess.run(["kcat", "-P", "-b", bootstrap, "-t", topic, "-p", str(partition), "-K",
                        "\t", "-H", "own=1"], input=text, text=True, check=True, timeout=30)
    worker = connect_worker("connect", topic, letters,
                            "org.apache.kafka.connect.json.JsonConverter")
    try:
        worker.wait("all written", lambda: len(lines()) >= EVENTS - len(POISON))
        worker.wait("dead letters", lambda: len(waiting(letters)) == len(POISON))
        check_letters(waiting(letters), topic, "Connect", f"connect-{prefix}-sink")
        # It comes back as often as it is sent back, until that is enough.
        for round in (1, 2, 3):
            redrive(letters, "--all")
            worker.wait("them to come back", lambda: len(waiting(letters)) == len(POISON))
            expect(all(l["redrives"] == round for l in waiting(letters)), f"{waiting(letters)}")
        often = redrive(letters, "--all", codes=(1,))
        expect(often["stay"] == {"redriven_often": len(POISON)}, f"{often}")
    finally:
        connect_stop(worker)
    first = lines()
    expect(redrive(letters, "--all", "--force")["redriven"] == len(POISON), "not with force")
    worker = connect_worker("connect-2", topic, letters,
                            "org.apache.kafka.connect.storage.StringConverter")
    try:
        worker.wait("poison written", lambda: len(lines()) >= EVENTS)
        time.sleep(1)
    finally:
        connect_stop(worker)
    expect(len(first) == EVENTS - len(POISON), f"{first}")
    expect(sorted(lines()[len(first):]) == sorted(expected()), f"{lines()[len(first):]}")
    expect(not waiting(letters), "some wait still")
    return f"{len(POISON)} records that are no JSON came back 3 times, then stayed, then were taken"


def streams():
    topic, letters, out = (f"{prefix}-{name}" for name in ("streams", "streams-dlq", "streams-out"))
    for name in (topic, letters, out):
        klamm("topic", "create", name, "-p", str(PARTITIONS))
    produce(topic)

    def results():
        rows = subprocess.run(["kcat", "-q", "-C", "-b", bootstrap, "-t", out, "-e", "-f",
                               "%k=%s %h\n"], capture_output=True, text=True, timeout=30).stdout
        return [row.split(" ", 1)[0] for row in rows.splitlines()]

    command = java("Streams", bootstrap, topic, out, letters)
    first = Program("streams", *command, cwd=here)
    try:
        first.wait("all handled", lambda: len(results()) >= EVENTS - len(POISON))
        first.wait("dead letters", lambda: len(waiting(letters)) == len(POISON))
    finally:
        first.stop()
    check_letters(waiting(letters), topic, "Streams", error="Streams$CardRefused")
    check_redrive(letters)
    second = Program("streams-2", *command, "mended", cwd=here)
    try:
        second.wait("poison handled", lambda: len(results()) >= EVENTS)
        time.sleep(1)
    finally:
        second.stop()
    want = sorted(f"{key}={value}" for _, key, value in map(event, range(EVENTS)))
    expect(sorted(results()) == want, f"{sorted(results())}")
    return f"{len(POISON)} of {EVENTS} refused, redriven, handled once"


def share_groups():
    """Apache Kafka 4.4's own: without key, value and headers, so that the originals are fetched."""
    os.environ["KAFKA_LIBS"] = str(here / "broker" / "jars")
    kafka = ApacheKafka(Path(folder.name) / "kafka")
    topic, group, letters = "jobs", "workers", "dlq.jobs"
    share = lambda *arguments: java("Share", *arguments, jars="broker/jars")
    try:
        subprocess.run(share("setup", kafka.bootstrap, topic, group, letters), check=True,
                       timeout=WAIT_SECONDS, cwd=here)
        produce(topic, kafka.bootstrap)
        first = Program("share", *share("work", kafka.bootstrap, topic, group))
        try:
            first.wait("all handled", lambda: len(first.handled()) >= EVENTS - len(POISON))
            first.wait("dead letters",
                       lambda: len(waiting(letters, kafka.bootstrap)) == len(POISON))
        finally:
            first.stop()
        found = waiting(letters, kafka.bootstrap)
        check_letters(found, topic, "share group", group, with_value=False)
        expect(all(letter["value"] is None for letter in found), "with a value")
        shown = klamm("dlq", "show", letters, found[0]["place"], where=kafka.bootstrap)
        expect("poison-" in shown, shown)
        check_redrive(letters, kafka.bootstrap)
        second = Program("share-2", *share("work", kafka.bootstrap, topic, group, "mended"))
        try:
            second.wait("poison handled", lambda: len(second.handled()) >= len(POISON))
            time.sleep(1)
        finally:
            second.stop()
        handled = [line.split()[0] for line in first.handled() + second.handled()]
        want = sorted(f"{key}={value}" for _, key, value in map(event, range(EVENTS)))
        expect(sorted(handled) == want, f"{sorted(handled)}")
        expect(all("own" in line.split() for line in second.handled()), f"{second.handled()}")
    finally:
        kafka.close()
        del os.environ["KAFKA_LIBS"]
    return f"{len(POISON)} of {EVENTS} rejected, originals fetched and redriven on Apache Kafka 4.4"


def killed():
    """Redrives that are killed on the way: what was sent was noted, what was noted was sent."""
    topic, letters = f"{prefix}-many", f"{prefix}-many-dlq"
    seed = int(os.environ.get("SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    for name in (topic, letters):
        klamm("topic", "create", name, "-p", str(PARTITIONS))
    text = "".join(f"key-{number % 50}\tevent-{number}\n" for number in range(MANY))
    subprocess.run(["kcat", "-P", "-b", bootstrap, "-t", letters, "-K", "\t", "-H",
                    f"x-original-topic={topic}"], input=text, text=True, check=True, timeout=60)
    slow = [os.environ["KLAMM"], "dlq", "redrive", letters, "--all", "--rate", str(RATE),
            "--bootstrap", bootstrap]
    for _ in range(REDRIVES_KILLED):
        process = subprocess.Popen(slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    # And one that another takes over from.
    first = subprocess.Popen(slow, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    expect(redrive(letters, "--all")["redriven"] > 0, "nothing was left")
    said = first.communicate(timeout=60)[1]
    expect(first.returncode == 1 and "another redrive" in said, f"{first.returncode} {said}")
    expect(not waiting(letters), "some wait still")
    rows = subprocess.run(["kcat", "-q", "-C", "-b", bootstrap, "-t", topic, "-e", "-f", "%k %s\n",
                           "-X", "isolation.level=read_committed"], capture_output=True, text=True,
                          check=True, timeout=60).stdout.splitlines()
    expect(len(rows) == MANY and len(set(rows)) == MANY,
           f"{len(rows)} records, {len(set(rows))} different, seed {seed}")
    for key in range(50):
        numbers = [int(row.split("-")[-1]) for row in rows if row.startswith(f"key-{key} ")]
        expect(numbers == sorted(numbers), f"key-{key}: {numbers}, seed {seed}")
    return f"{MANY} sent once, in order of keys, over {REDRIVES_KILLED} kills and one "\
        f"that was taken over from; seed {seed}"


print("client dead-letters Spring Kafka 4.0.4, Kafka 4.3.1, broker for share groups 4.4.0")
try:
    sys.exit(run_steps([("spring", spring), ("spring-retry", spring_retry), ("connect", connect),
                        ("streams", streams), ("share-groups", share_groups),
                        ("killed", killed)]))
finally:
    folder.cleanup()
