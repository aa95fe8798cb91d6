"""A broker that its program starts, kills and starts again on the same port.

Klamm, the program in $KLAMM; or Apache Kafka, when $KAFKA_LIBS names a folder with its jars: what
fails there is wrong here."""

import os
import random
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from client_steps import expect

READY_SECONDS = 120
STOP_SECONDS = 30
READY = re.compile(r"^klamm ready kafka=\S+ http=(\S+)", re.MULTILINE)
LOGGED_ERROR = re.compile(r"(?i)\b(error|critical|fatal|belief|terminate called)\b")


def free_port():
    """One that the kernel gives to nobody meanwhile: a client that connects to a closed port of its
    range can be given just that port for its own end, and then nobody else can listen there."""
    for _ in range(1000):
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


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
    java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

    def prepare(self):
        controller = f"127.0.0.1:{free_port()}"
        (self.folder / "server.properties").write_text(f"""process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={self.folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
""")
        (self.folder / "log4j2.yaml").write_text("""Configuration:
  Appenders:
    Console: {name: out, PatternLayout: {pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: out}]}
""")
        tool = [*self.java, "-cp", f"{os.environ['KAFKA_LIBS']}/*", "kafka.tools.StorageTool"]
        cluster = subprocess.run([*tool, "random-uuid"], check=True, capture_output=True,
                                 text=True).stdout.split()[-1]
        subprocess.run([*tool, "format", "--standalone", "-t", cluster, "-c",
                        str(self.folder / "server.properties")], check=True, capture_output=True)

    def command(self):
        return [*self.java, f"-Dkafka.logs.dir={self.folder}/logs",
                f"-Dlog4j2.configurationFile={self.folder}/log4j2.yaml", "-cp",
                f"{os.environ['KAFKA_LIBS']}/*", "kafka.Kafka",
                str(self.folder / "server.properties")]

    def ready(self):
        done = subprocess.run(["kcat", "-L", "-b", self.bootstrap, "-m", "2"], capture_output=True)
        return done.returncode == 0

    def check(self):
        code = self.stop()
        expect(code in (0, 143), f"SIGTERM: left with {code}")
        return f"killed {self.kills} times; left after SIGTERM"


def own_broker(folder):
    return (ApacheKafka if os.environ.get("KAFKA_LIBS") else Klamm)(folder)
