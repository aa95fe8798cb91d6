"""A broker that its program starts, kills and starts again on the same port.

Klamm, the program in $KLAMM; or Apache Kafka, when $KAFKA_LIBS names a folder with its jars: what
fails there is wrong here."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from apache_kafka import Node, format_all, free_port
from client_steps import expect

READY_SECONDS = 120
STOP_SECONDS = 30
READY = re.compile(r"^klamm ready kafka=\S+ http=(\S+)", re.MULTILINE)
LOGGED_ERROR = re.compile(r"(?i)\b(error|critical|fatal|belief|terminate called)\b")


class Broker:
    """A process with its data below `folder`; start() leaves when it answers."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.log = self.folder / "log"
        self.kills = 0
        self.prepare()
        self.start()

    def start(self):
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            expect(self.process.poll() is None and time.monotonic() < deadline,
                   f"{self.name} did not become ready: {self.log.read_text()[-600:]}")
            time.sleep(0.02)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return "not at all"


class Klamm(Broker):
    name = "klamm"

    def prepare(self):
        pass

    def command(self):
        return [os.environ["KLAMM"], "serve", "--listen", self.bootstrap, "--http", "127.0.0.1:0",
                "--data", str(self.folder / "data")]

    def ready(self):
        with self.log.open() as log:
            log.seek(self.log_start)
            match = READY.search(log.read())
        self.http = match and match[1]
        return match

    def check(self):
        """Healthy after all of it, quiet about errors, and it can be stopped."""
        with urllib.request.urlopen(f"http://{self.http}/healthz", timeout=10) as answer:
            expect(answer.status == 200, f"/healthz {answer.status}")
        code = self.stop()
        expect(code == 0, f"SIGTERM: left with {code}")
        errors = [line for line in self.log.read_text().splitlines() if LOGGED_ERROR.search(line)]
        expect(not errors, "; ".join(errors[:3]))
        return f"killed {self.kills} times; healthy, no errors logged, left with 0"


class ApacheKafka(Broker):
    name = "Apache Kafka"
    java = ("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

    def prepare(self):
        self.node = Node(self.folder, os.environ["KAFKA_LIBS"], self.java, self.port)
        format_all([self.node])

    def command(self):
        return self.node.command()

    def ready(self):
        done = subprocess.run(["kcat", "-L", "-b", self.bootstrap, "-m", "2"], capture_output=True)
        return done.returncode == 0

    def check(self):
        code = self.stop()
        expect(code in (0, 143), f"SIGTERM: left with {code}")
        return f"killed {self.kills} times; left after SIGTERM"


def own_broker(folder):
    return (ApacheKafka if os.environ.get("KAFKA_LIBS") else Klamm)(folder)
