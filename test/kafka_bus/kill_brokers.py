"""Brokers are killed in turn while a program works on them.

    kill_brokers.py SECONDS PROGRAM [ARGUMENT]...

    kill_brokers.py 40 build/test/kafka_bus/bus_relay librdkafka BOOTSTRAP relay 40

On three nodes of Apache Kafka, whose jars are in $KAFKA_LIBS; without it, on `klamm serve` ($KLAMM), which is killed and
started again. BOOTSTRAP in an argument stands for the cluster's addresses. For SECONDS, or until the program has left; it must
leave with 0."""

import os
import random
import subprocess
import sys
import tempfile
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


def kill_in_turn(cluster, over):
    """Until over() says so. Each is back and has caught up before the next one dies."""
    kills = 0
    while True:
        end = time.monotonic() + CALM_SECONDS
        while time.monotonic() < end:
            if over():
                return kills
            time.sleep(0.1)
        number = list(cluster.nodes)[kills % len(cluster.nodes)]
        cluster.kill(number)
        kills += 1
        time.sleep(DOWN_SECONDS + random.random())
        cluster.start_again(number)
        cluster.wait_in_sync()


def run_and_kill(seconds, command):
    """-> kills, the program's exit code, what it printed; its stderr goes to ours when it fails."""
    with tempfile.TemporaryDirectory(prefix="klamm-brokers-") as folder:
        cluster = open_cluster(folder)
        process = None
        try:
            command = [part.replace("BOOTSTRAP", cluster.bootstrap) for part in command]
            with open(f"{folder}/out", "w", encoding="utf-8") as out, open(f"{folder}/err", "w", encoding="utf-8") as err:
                process = subprocess.Popen(command, stdout=out, stderr=err)
            end = time.monotonic() + seconds
            kills = kill_in_turn(cluster, lambda: time.monotonic() > end or process.poll() is not None)
            code = process.wait(PATIENCE_SECONDS)
            if code != 0:
                print(Path(f"{folder}/err").read_text(encoding="utf-8")[-6000:], file=sys.stderr)
            return kills, code, Path(f"{folder}/out").read_text(encoding="utf-8").strip()
        finally:
            if process and process.poll() is None:
                process.kill()
                process.wait()
            cluster.close()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    kills, code, said = run_and_kill(float(sys.argv[1]), sys.argv[2:])
    print(f"{kills} kills, left with {code}: {said}")
    sys.exit(code != 0)


if __name__ == "__main__":
    main()
