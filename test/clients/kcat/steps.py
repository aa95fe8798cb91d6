"""kcat: a command for each thing. It has no administration, sets no timestamps and joins groups
with whole topics only, so the steps are told with four topics of one partition each."""

import json
import re
import subprocess
import sys
import threading
import time

from client_steps import (CODECS, RECORDS_LEFT_TO_RESUME, RECORDS_PER_CODEC, RECORDS_TOGETHER,
                          WAIT_SECONDS, NotOffered, expect, run_steps, wait_until)

TOPICS = 4

bootstrap, prefix = sys.argv[1:]
topics = [f"{prefix}-work-{n}" for n in range(TOPICS)]
group_name = f"{prefix}-group"
produced = 0
codec_started_ms = {}


def kcat(*arguments, text=None):
    done = subprocess.run(["kcat", "-b", bootstrap, *arguments], input=text, text=True,
                          capture_output=True, timeout=WAIT_SECONDS)
    expect(done.returncode == 0, f"kcat {arguments} left with {done.returncode}: {done.stderr}")
    return done.stdout


def listed(*arguments):
    """The topics that kcat -L shows, with the number of partitions that have a leader."""
    described = json.loads(kcat("-L", "-J", *arguments))
    return {t["topic"]: sum(p["leader"] >= 0 and len(p["isrs"]) == 1 for p in t["partitions"])
            for t in described["topics"]}


def create():
    for topic in topics:
        expect(topic not in listed(), f"{topic} is there before it was created")
        wait_until(lambda: listed("-t", topic).get(topic) == 1, f"{topic} was not created")
    return "created by being asked for; kcat has no other way"


def value(number):
    return f"{number:06d} " + "through the gorge " * 8


def produce(count, codec):
    global produced
    codec_started_ms[codec] = int(time.time() * 1000)
    for n, topic in enumerate(topics):
        numbers = [i for i in range(produced, produced + count) if i % TOPICS == n]
        kcat("-P", "-t", topic, "-p", "0", "-K", "|", "-z", codec, "-X", "enable.idempotence=true",
             "-X", "acks=all", text="".join(f"key-{i % 17}|{value(i)}\n" for i in numbers))
    produced += count
    time.sleep(0.01)  # the next codec starts at another millisecond
    for n, topic in enumerate(topics):
        end = offset_at(topic, -1)
        expect(end == len(range(n, produced, TOPICS)), f"{topic} ends at {end}")
    return f"{count} records"


def offset_at(topic, timestamp_ms):
    answer = kcat("-Q", "-t", f"{topic}:0:{timestamp_ms}")
    return int(re.search(r"offset (-?\d+)", answer)[1])


class Member:
    """`kcat -G`: prints records to stdout and rebalances to stderr, leaves when interrupted."""

    def __init__(self):
        self.numbers, self.assigned, self.error = [], frozenset(), None
        self.process = subprocess.Popen(
            ["kcat", "-b", bootstrap, "-u", "-X", "auto.offset.reset=earliest",
             "-X", "partition.assignment.strategy=roundrobin", "-X", "heartbeat.interval.ms=500",
             "-f", "%t %o %k|%s\n", "-G", group_name, *topics],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for function in (self.read_records, self.read_rebalances):
            threading.Thread(target=function, daemon=True).start()

    def read_records(self):
        for line in self.process.stdout:
            topic, offset, record = line.rstrip("\n").split(" ", 2)
            number = int(record.split("|")[1][:6])
            wanted = (topics[number % TOPICS], number // TOPICS,
                      f"key-{number % 17}|{value(number)}")
            if (topic, int(offset), record) != wanted:
                self.error = f"{line} is not {wanted}"
            self.numbers.append(number)

    def read_rebalances(self):
        for line in self.process.stderr:
            print(line, end="", file=sys.stderr)
            if "rebalanced" in line and "assigned:" in line:
                found = re.findall(r"(\S+) \[0\]", line.split("assigned:")[1])
                self.assigned = frozenset(found)
            elif "rebalanced" in line:
                self.assigned = frozenset()

    def leave(self):
        self.process.terminate()
        code = self.process.wait(WAIT_SECONDS)
        expect(code == 0, f"a member left with {code}")
        expect(not self.error, self.error)


def group():
    members = [Member()]
    try:
        return group_story(members)
    finally:
        for member in members:
            if member.process.poll() is None:
                member.process.kill()


def group_story(members):
    first = members[0]
    all_read = lambda: len(set().union(*(m.numbers for m in members))) == produced
    wait_until(all_read, "the first member has not read all")
    members.append(Member())
    second = members[1]
    wait_until(lambda: len(first.assigned) == len(second.assigned) == 2
               and not first.assigned & second.assigned, "two members do not share the topics")
    before = len(first.numbers)

    # A member may still deliver what it was fetching when it gave topics away, so that one round
    # may go to one member alone.
    def both_read():
        produce(RECORDS_TOGETHER, "none")
        wait_until(all_read, "two members have not read all")
        return len(first.numbers) > before and second.numbers

    wait_until(both_read, "only one of two members reads")
    together = f"{len(first.numbers) - before} + {len(second.numbers)}"
    second.leave()
    wait_until(lambda: len(first.assigned) == TOPICS, "the first did not get all back")
    produce(RECORDS_TOGETHER, "none")
    wait_until(all_read, "not all was read after the second left")
    first.leave()
    return f"{produced} records; together {together}"


def commit():
    """Members commit what they read when they leave; the next one gets what came since."""
    count = RECORDS_LEFT_TO_RESUME * TOPICS
    produce(count, "none")
    member = Member()
    try:
        wait_until(lambda: len(member.numbers) >= count, "the rest did not arrive")
        member.leave()
    finally:
        member.process.kill()
    expect(sorted(member.numbers) == list(range(produced - count, produced)),
           f"resumed at {min(member.numbers)}, not at {produced - count}")
    return f"resumed with {count} records"


def times():
    started = codec_started_ms["lz4"]
    offset = offset_at(topics[1], started)
    number = 2 * RECORDS_PER_CODEC + 1
    expect(offset == number // TOPICS, f"offset {offset} for the first record of lz4")
    late = offset_at(topics[1], int(time.time() * 1000) + 60_000)
    expect(late == -1, f"offset {late} after the last record")
    found = kcat("-C", "-q", "-t", topics[1], "-p", "0", "-o", f"s@{started}", "-c", "1")
    expect(found == value(number) + "\n", f"{found} instead of record {number}")
    return f"offset {offset}"


def list_all():
    found = listed()
    expect(all(found.get(topic) == 1 for topic in topics), f"the listing is {found}")
    return "topics and partitions; kcat lists no groups and no settings"


def delete():
    raise NotOffered("kcat deletes nothing")


version = re.search(r"Version (\S+)[^\n]*librdkafka (\S+)",
                    subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout)
print(f"client kcat {version[1]} (librdkafka {version[2]})", flush=True)
steps = [("create", create)]
steps += [(codec, lambda codec=codec: produce(RECORDS_PER_CODEC, codec)) for codec in CODECS]
steps += [("group", group), ("commit", commit), ("times", times), ("list", list_all),
          ("delete", delete)]
sys.exit(run_steps(steps))
