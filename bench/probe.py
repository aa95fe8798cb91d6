"""When does a broker acknowledge a record? Asked with the tests' small client: a JVM or librdkafka would take longer to
start than what is measured."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "robustness"))
import wire  # noqa: E402

RETRY_SECONDS = 0.0005
TOPIC_EXISTS = 36
# Apache Kafka refuses more in one request (10,000 records of metadata).
PARTITIONS_AT_ONCE_MAX = 5_000


def create_topic(port, name, partitions, configs=None):
    with wire.Client(port, timeout=180) as client:
        error = client.create_topic(name, min(partitions, PARTITIONS_AT_ONCE_MAX), configs)
        if error == TOPIC_EXISTS:
            return
        for count in range(2 * PARTITIONS_AT_ONCE_MAX, partitions + PARTITIONS_AT_ONCE_MAX, PARTITIONS_AT_ONCE_MAX):
            error = error or client.create_partitions(name, min(count, partitions))
    if error:
        raise RuntimeError(f"creating topic {name}: error {error}")


def delete_topic(port, name):
    with wire.Client(port, timeout=180) as client:
        client.delete_topic(name)


def until_acknowledged(port, topic, deadline_seconds, alive=lambda: True):
    """Tries until a record is acknowledged; returns the moment (time.monotonic())."""
    end = time.monotonic() + deadline_seconds
    client = None
    last = "nothing listened"
    record = wire.batch([b"first"], timestamp=int(time.time() * 1000))
    while time.monotonic() < end and alive():
        try:
            client = client or wire.Client(port, timeout=30)
            error, _ = client.try_produce(topic, 0, record)
            if error == 0:
                return time.monotonic()
            last = f"error {error}"
        except OSError as failure:
            last = str(failure)
            if client:
                client.close()
            client = None
        time.sleep(RETRY_SECONDS)
    raise RuntimeError(f"no record was acknowledged within {deadline_seconds} s: {last}")
