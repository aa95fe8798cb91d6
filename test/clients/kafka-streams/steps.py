"""A word count by Kafka Streams, exactly once, while the broker and the application are killed.

The text goes in piece by piece; in the middle of each piece either the broker or the application
gets SIGKILL. What comes out is compared with what Python counts in the same text."""

import collections
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from brokers import own_broker
from client_steps import expect, run_steps

# b: the broker; A: the application, its state directory stays; D: the application, and the
# directory is lost as well, so that its state is only in the changelogs.
KILLS = "bbbAbbbbDbbb"
PARTITIONS = 4
WORDS_BEFORE_A_KILL_MAX = 2_000
DOWN_SECONDS_MAX = 1.5
WAIT_SECONDS = 120

prefix, = sys.argv[1:]
folder = tempfile.TemporaryDirectory(prefix="klamm-streams-")
seed = int(os.environ.get("SEED", random.randrange(10**6)))
chance = random.Random(seed)
lines = [line for line in Path("text.txt").read_text(encoding="latin-1").splitlines()
         if line.strip()]
words = [word for line in lines for word in re.findall("[a-z]+", line.lower())]
counts = collections.Counter(words)
times = collections.Counter(counts.values())
replaced = []  # threads of the application
broker = own_broker(Path(folder.name) / "broker")


def kcat(*arguments):
    return subprocess.run(["kcat", "-q", "-b", broker.bootstrap, *arguments], check=True,
                          capture_output=True, timeout=WAIT_SECONDS).stdout


def read(topic, key, value="q", isolation="read_committed"):
    """[(key, value)] of all partitions, each in its order; s is a string, q a 64 bit number."""
    out = kcat("-C", "-t", f"{prefix}-{topic}", "-e", "-f", "%k %s\n", "-s", f"key={key}", "-s",
               f"value={value}", "-X", f"isolation.level={isolation}").decode()
    rows = (line.split(" ") for line in out.splitlines())
    return [(k if key == "s" else int(k), int(v) if v else None) for k, v in rows]


def java(*arguments):
    return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", "classes:jars/*", *arguments]


class Feeder:
    """Creates the topics; then an idempotent producer that outlives the broker."""

    def __init__(self):
        topics = (f"{prefix}-{topic}" for topic in ("text", "words", "times"))
        self.process = subprocess.Popen(
            java("Feed", broker.bootstrap, str(PARTITIONS), *topics), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        expect(self.process.stdout.readline() == "created\n", "no topics were created")

    def send(self, some):
        self.process.stdin.write("".join(f"{line}\n" for line in some))
        self.process.stdin.flush()

    def finish(self):
        acknowledged = int(self.process.communicate(timeout=WAIT_SECONDS)[0])
        expect(acknowledged == len(lines), f"{acknowledged} lines acknowledged of {len(lines)}")


class Application:
    def __init__(self, state):
        self.updates = 0
        self.process = subprocess.Popen(java("WordCount", broker.bootstrap, prefix, str(state)),
                                        stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        for line in self.process.stdout:
            if line.startswith("updates "):
                self.updates = int(line.split()[1])
                continue
            print(line, end="", flush=True)
            replaced.extend([line] if line.startswith("replaced ") else [])

    def wait_for(self, updates):
        deadline = time.monotonic() + WAIT_SECONDS
        while self.updates < updates:
            expect(self.process.poll() is None, f"the application has left, {replaced[-3:]}")
            expect(time.monotonic() < deadline,
                   f"{self.updates} updates and no more, wanted {updates}")
            time.sleep(0.01)

    def end(self, terminate):
        terminate()
        self.process.wait(WAIT_SECONDS)
        self.thread.join()


def finished():
    """Whether all that there is to do is committed."""
    return len(read("words", "s")) >= len(words) and read_times() == times


def read_times():
    """A table's first count has a subtraction from zero in front of it, which leaves a null."""
    return {count: number for count, number in dict(read("times", "q")).items() if number}


def run():
    started = time.monotonic()
    print(f"seed {seed}", flush=True)
    state = Path(folder.name) / "state"
    feeder, application = Feeder(), Application(state)
    step = -(-len(lines) // (len(KILLS) + 1))
    for number, kill in enumerate(KILLS):
        feeder.send(lines[number * step:(number + 1) * step])
        application.wait_for(application.updates + chance.randint(1, WORDS_BEFORE_A_KILL_MAX))
        print(f"{time.monotonic() - started:.1f} s: kill {kill} at {application.updates}",
              flush=True)
        if kill == "b":
            broker.kill()
            time.sleep(chance.uniform(0, DOWN_SECONDS_MAX))
            broker.start()
        else:
            application.end(application.process.kill)
            state = state if kill == "A" else Path(folder.name) / "empty"
            application = Application(state)
    feeder.send(lines[len(KILLS) * step:])
    feeder.finish()
    deadline = time.monotonic() + WAIT_SECONDS
    while not finished():
        expect(application.process.poll() is None, "the application has left")
        expect(time.monotonic() < deadline, f"not finished after {WAIT_SECONDS} s")
        time.sleep(0.5)
    application.end(application.process.terminate)
    return (f"{len(lines)} lines, broker killed {broker.kills} times, application "
            f"{len(KILLS) - broker.kills} times, {len(replaced)} threads replaced, "
            f"{time.monotonic() - started:.0f} s, seed {seed}")


def compare_words():
    """Each word's updates are 1, 2, 3, ... up to its count: nothing lost, twice or out of order."""
    updates = collections.defaultdict(list)
    rows = read("words", "s")
    for word, count in rows:
        updates[word].append(count)
    wrong = [(word, updates[word], counts[word]) for word in updates.keys() | counts.keys()
             if updates[word] != list(range(1, counts[word] + 1))]
    expect(not wrong, f"{len(wrong)} words are wrong, such as {wrong[:3]}")
    hidden = len(read("words", "s", isolation="read_uncommitted")) - len(rows)
    total = sum(count for _, count in rows)
    expect(total == sum(n * (n + 1) // 2 for n in counts.values()), f"the sum is {total}")
    return (f"{len(counts)} words, last values and all {len(rows)} updates, their sum {total}; "
            f"{hidden} of aborted transactions not seen")


def compare_times():
    wrong = read_times().items() ^ times.items()
    expect(not wrong, f"{len(wrong)} of {len(times)} are wrong, such as {list(wrong)[:3]}")
    return f"how many words occur n times: {len(times)} values of n"


def compare_changelog():
    found = dict(read("words-changelog", "s"))
    wrong = found.items() ^ counts.items()
    expect(not wrong, f"{len(wrong)} are wrong, such as {list(wrong)[:3]}")
    return f"last values of the state store: {len(found)} words"


try:
    code = run_steps([("run", run), ("words", compare_words), ("times", compare_times),
                      ("changelog", compare_changelog), ("broker", broker.check)])
finally:
    broker.close()
    if code := locals().get("code", 1):
        print(broker.log.read_text()[-4000:], file=sys.stderr)
    folder.cleanup()
sys.exit(code)
