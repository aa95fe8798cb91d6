"""Brokers are killed in turn while records are relayed by transactions; all must arrive exactly once.

    kill_brokers.py RELAY [SECONDS]

On three nodes of Apache Kafka, whose jars are in $KAFKA_LIBS; without it, on `klamm serve` ($KLAMM), which is killed and
started again. RELAY is build/test/kafka_bus/kafka_bus_relay."""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "clients" / "steps"))
import apache_kafka  # noqa: E402
import brokers  # noqa: E402

CALM_SECONDS = 3
DOWN_SECONDS = 2
PATIENCE_SECONDS = 400


class Alone:
    """One Klamm as a cluster of one node."""

    def __init__(self, folder):
        self.broker = brokers.Klamm(Path(folder) / "klamm")
        self.bootstrap = self.broker.bootstrap
        self.nodes = {1: self.broker}

    def kill(self, _):
        self.broker.kill()

    def start_again(self, _):
        self.broker.start()

    def wait_in_sync(self):
        pass

    def close(self):
        self.broker.close()


def open_cluster(folder):
    if "KAFKA_LIBS" not in os.environ:
        return Alone(folder)
    cluster = apache_kafka.Cluster(folder, os.environ["KAFKA_LIBS"])
    try:
        cluster.start()
    except BaseException:
        cluster.close()
        raise
    return cluster


def kill_in_turn(cluster, enough):
    kills = 0
    while not enough.wait(CALM_SECONDS):
        number = list(cluster.nodes)[kills % len(cluster.nodes)]
        cluster.kill(number)
        kills += 1
        time.sleep(DOWN_SECONDS + random.random())
        cluster.start_again(number)
        cluster.wait_in_sync()
    return kills


def main():
    relay, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "30"
    with tempfile.TemporaryDirectory(prefix="klamm-brokers-") as folder:
        cluster = open_cluster(folder)
        try:
            with open(f"{folder}/relay.log", "w", encoding="utf-8") as log:
                process = subprocess.Popen([relay, cluster.bootstrap, "relay", seconds], stdout=subprocess.PIPE,
                                           stderr=log, text=True)
            enough = threading.Event()
            timer = threading.Timer(float(seconds), enough.set)
            timer.start()
            kills = kill_in_turn(cluster, enough)
            timer.join()
            said = process.communicate(timeout=PATIENCE_SECONDS)[0].strip()
            print(f"{kills} kills, relay left with {process.returncode}: {said}")
            if process.returncode != 0:
                print(Path(f"{folder}/relay.log").read_text(encoding="utf-8")[-6000:], file=sys.stderr)
                sys.exit(1)
        finally:
            cluster.close()


if __name__ == "__main__":
    main()
