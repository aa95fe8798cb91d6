"""The bus that handlers use on any cluster: its conformance suite, and brokers that are killed in turn under a relay
and under the flights application."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from apache_kafka import Cluster
from client_steps import expect, run_steps

sys.path.insert(0, str(Path(os.environ["KLAMM_SOURCE"]) / "test" / "kafka_bus"))
LIBS = os.environ.setdefault("KAFKA_LIBS", str(Path(__file__).parent / "jars"))
from kill_brokers import run_and_kill  # noqa: E402

PROGRAMS = Path(os.environ["KLAMM"]).parent / "test" / "kafka_bus"
KILL_SECONDS = 30
FLIGHTS_SECONDS_MAX = 200


def conformance():
    with tempfile.TemporaryDirectory(prefix="klamm-kafka-") as folder:
        cluster = Cluster(folder, LIBS)
        try:
            cluster.start()
            done = subprocess.run([PROGRAMS / "kafka_bus_process_test"], text=True, capture_output=True,
                                  env=os.environ | {"KAFKA_BUS_BOOTSTRAP": cluster.bootstrap})
        finally:
            cluster.close()
    print(done.stdout, done.stderr, file=sys.stderr)
    passed = re.search(r"^\[  PASSED  \] (\d+) tests", done.stdout, re.MULTILINE)
    expect(done.returncode == 0 and passed, done.stdout[-600:])
    return f"{passed[1]} tests"


def kills():
    count, code, said = run_and_kill(KILL_SECONDS, [str(PROGRAMS / "bus_relay"), "librdkafka", "BOOTSTRAP", "relay",
                                                    str(KILL_SECONDS)])
    expect(code == 0 and count > 0, said)
    return f"{count} kills; {said.removeprefix('ok ')}"


def flights():
    """The same application, and the same checks, as in `make run`, while it is killed as well."""
    count, code, said = run_and_kill(FLIGHTS_SECONDS_MAX, [os.environ["KLAMM"], "demo", "--bootstrap", "BOOTSTRAP",
                                                           "--kills", "3"])
    expect(code == 0 and count > 0 and said.count("SIGKILL to the application") == 3, said[-1500:])
    expect("each once: none lost, none doubled" in said, said[-600:])
    return f"{count} kills of brokers, 3 of the application"


print("client Apache Kafka 4.3.1", flush=True)
sys.exit(run_steps([("conformance", conformance), ("kills", kills), ("flights", flights)]))
