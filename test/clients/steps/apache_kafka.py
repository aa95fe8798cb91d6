"""Apache Kafka 4.x from its jars in KRaft mode: one node, or several that are killed and started again.

Every node is broker and controller. Run by itself it is a cluster that obeys lines on its standard input:

    apache_kafka.py LIBS FOLDER [NODES]

    ready HOST:PORT,…      printed once all nodes answer
    kill ID | start ID | sync | quit      each is answered by `done`
"""

import base64
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 180
PR_SET_PDEATHSIG = 1
# Three of them fit into two gigabytes, and start on two cores within half a minute.
SMALL_JAVA = ("java", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
LOG_SETTINGS = """Configuration:
  Appenders:
    Console: {name: out, PatternLayout: {pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: out}]}
"""
# A dead node is noticed in seconds; what must survive it is there three times.
CLUSTER_SETTINGS = """default.replication.factor=3
min.insync.replicas=2
offsets.topic.num.partitions=6
transaction.state.log.num.partitions=6
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=4000
auto.create.topics.enable=false
"""


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


def end_with_parent():
    """In the child: the kernel kills it when the thread that started it ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def cluster_id():
    return base64.urlsafe_b64encode(b"k" + os.urandom(15)).decode().rstrip("=")


class Node:
    """One process with its data below `folder`. `voters`: {id: controller's port} of all nodes."""

    def __init__(self, folder, libs, java=SMALL_JAVA, port=None, number=1, voters=None, settings=""):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.libs = libs
        self.java = java
        self.number = number
        self.port = port or free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.voters = voters or {number: free_port()}
        self.log = self.folder / "log"
        self.process = None
        self.kills = 0
        copies = min(3, len(self.voters))
        controller = f"127.0.0.1:{self.voters[number]}"
        quorum = ",".join(f"{voter}@127.0.0.1:{port}" for voter, port in self.voters.items())
        (self.folder / "server.properties").write_text(f"""process.roles=broker,controller
node.id={number}
controller.quorum.voters={quorum}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{self.bootstrap}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={self.folder}/data
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={min(2, copies)}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={min(2, copies)}
group.initial.rebalance.delay.ms=0
{settings}""")
        (self.folder / "log4j2.yaml").write_text(LOG_SETTINGS)

    def format(self, cluster):
        """The process that makes the data folder ready."""
        return subprocess.Popen([*SMALL_JAVA, "-cp", f"{self.libs}/*", "kafka.tools.StorageTool", "format", "-t", cluster,
                                 "-c", str(self.folder / "server.properties")],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self):
        return [*self.java, f"-Dkafka.logs.dir={self.folder}/logs",
                f"-Dlog4j2.configurationFile={self.folder}/log4j2.yaml", "-cp", f"{self.libs}/*", "kafka.Kafka",
                str(self.folder / "server.properties")]

    def start(self):
        """Starts the process and does not wait for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            preexec_fn=end_with_parent)

    def answers(self):
        """Whether it takes connections, which it does once it belongs to the cluster."""
        if self.process.poll() is not None:
            raise RuntimeError(f"node {self.number} has left: {self.log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except OSError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.kills += 1
        if self.process:
            self.process.wait()


def format_all(nodes):
    cluster = cluster_id()
    for process in [node.format(cluster) for node in nodes]:
        if process.wait(START_SECONDS) != 0:
            raise RuntimeError("kafka.tools.StorageTool format has failed")


class Cluster:
    """Nodes 1, 2, …; start(), kill() and start_again() by number. Needs kcat."""

    def __init__(self, folder, libs, count=3, settings=CLUSTER_SETTINGS):
        voters = {number: free_port() for number in range(1, count + 1)}
        self.nodes = {number: Node(Path(folder) / str(number), libs, number=number, voters=voters, settings=settings)
                      for number in voters}
        self.bootstrap = ",".join(node.bootstrap for node in self.nodes.values())
        format_all(self.nodes.values())

    def start(self):
        for node in self.nodes.values():
            node.start()
        self.wait_for("all nodes answer", lambda: all(node.answers() for node in self.nodes.values()))
        self.wait_in_sync()

    def kill(self, number):
        self.nodes[number].kill()

    def start_again(self, number):
        """Returns when it answers; it may lack records still, see wait_in_sync()."""
        self.nodes[number].start()
        self.wait_for(f"node {number} answers", self.nodes[number].answers)

    def wait_in_sync(self):
        """All nodes are brokers of the cluster, and have all that they should have."""
        self.wait_for("all replicas are in sync", self.in_sync)

    def in_sync(self):
        done = subprocess.run(["kcat", "-L", "-J", "-b", self.bootstrap, "-m", "5", "-X", "log_level=0"],
                              capture_output=True)
        if done.returncode != 0:
            return False
        told = json.loads(done.stdout)
        return len(told["brokers"]) == len(self.nodes) and all(
            len(partition["isrs"]) == len(partition["replicas"]) and partition["leader"] > 0
            for topic in told["topics"] for partition in topic["partitions"])

    def wait_for(self, what, true):
        deadline = time.monotonic() + START_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {START_SECONDS} s: {what}")
            time.sleep(0.1)

    def close(self):
        for node in self.nodes.values():
            node.kill()


def obey(cluster):
    """Lines of standard input, until `quit` or its end."""
    for line in sys.stdin:
        match line.split():
            case ["kill", number]:
                cluster.kill(int(number))
            case ["start", number]:
                cluster.start_again(int(number))
            case ["sync"]:
                cluster.wait_in_sync()
            case ["quit"]:
                return
            case _:
                raise RuntimeError(f"not understood: {line}")
        print("done", flush=True)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    cluster = Cluster(sys.argv[2], sys.argv[1], int(sys.argv[3]) if len(sys.argv) == 4 else 3)
    try:
        cluster.start()
        print(f"ready {cluster.bootstrap}", flush=True)
        obey(cluster)
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
