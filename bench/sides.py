"""The servers that are measured: each can be started, killed, and asked what it has cost."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import probe

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "clients" / "steps"))
import apache_kafka  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS_MAX = 120


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Side:
    """One server with its data in `folder`."""
    name = ""
    durability = ""
    reads = True       # can be consumed from
    remembers = True   # has what was stored before it was killed

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.process = None
        self.prepare()

    def prepare(self):
        pass

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts the process and returns at once; the moment just before."""
        with open(self.folder / "log", "ab") as log:
            before = time.monotonic()
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder)
        return before

    def wait_until_open(self):
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} has left: see {self.folder}/log")
            try:
                return self.ready()
            except (OSError, RuntimeError):
                time.sleep(0.1)
        raise RuntimeError(f"{self.name} was not ready after {START_SECONDS_MAX} s: see {self.folder}/log")

    def ready(self):
        """Raises until the server answers."""
        with probe.wire.Client(self.port) as client:
            client.call(probe.wire.METADATA, probe.wire.array([]))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create_topic(self, name, partitions, configs=None):
        probe.create_topic(self.port, name, partitions, configs)

    def delete_topic(self, name):
        """Gives the disk back, as far as the side does that."""
        probe.delete_topic(self.port, name)

    def cpu_seconds(self):
        """User and system time of the process, by its own accounting."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self, field="VmRSS:"):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) / 1024
        return 0.0

    def peak_mib(self):
        """The most that was resident since the start."""
        return self.resident_mib("VmHWM:")


class Klamm(Side):
    name = "klamm"
    durability = "fdatasync before every acknowledgement"
    binary = None
    settings = ()

    def prepare(self):
        self.http_port = free_port()

    def command(self):
        settings = [part for setting in self.settings for part in ("--set", setting)]
        return [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--http", f"127.0.0.1:{self.http_port}",
                "--data", str(self.folder / "data"), *settings]

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise RuntimeError(f"no metric {name}")


class Kafka(Side):
    name = "kafka"
    durability = "page cache; Kafka's default, no sync"
    settings = ""
    libs = None
    # As in Kafka's own start script.
    java = ["java", "-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
            "-Djava.awt.headless=true"]

    def prepare(self):
        self.node = apache_kafka.Node(self.folder, self.libs, self.java, self.port, settings=self.settings)
        apache_kafka.format_all([self.node])

    def command(self):
        return self.node.command()

    def ready(self):
        probe.create_topic(self.port, "bench-ready", 1)


class KafkaSynced(Kafka):
    name = "kafka synced"
    durability = "fsync of a partition's file at every batch: log.flush.interval.messages=1"
    settings = "log.flush.interval.messages=1\n"


class LimitLoop(Side):
    name = "limit loop"
    durability = "fdatasync before every acknowledgement"
    reads = False
    remembers = False
    binary = None
    partitions = 1

    def command(self):
        return [self.binary, str(self.port), str(self.folder / "file"), str(self.partitions)]

    def create_topic(self, name, partitions, configs=None):
        """It takes every topic for one with as many partitions as it was started with."""
        if partitions != self.partitions:
            self.stop()
            self.partitions = partitions
            self.start()
            self.wait_until_open()

    def delete_topic(self, name):
        pass
