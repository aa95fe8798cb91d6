"""Consume, process, produce, exactly once: the library beside Kafka Streams, each with the broker under it."""
import pathlib
import subprocess
import time

import load
import sides

PARTITIONS = 4
JAVA = ["java", "-Xmx512m", "-XX:+UseParallelGC"]
SECONDS_MAX = 600


def _java(*arguments):
    program = pathlib.Path(__file__).parent / "Handlers.java"
    return [*JAVA, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{load.libs}/*", str(program),
            *map(str, arguments)]


def _load(*arguments):
    done = subprocess.run(_java(*arguments), capture_output=True, text=True, timeout=SECONDS_MAX)
    if done.returncode != 0:
        raise load.LoadError(f"Handlers {arguments[0]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


class Application(sides.Side):
    """A process that handles events, on a broker that is a side of its own."""
    durability = "as its broker's"
    arguments = ()

    def command(self):
        return list(self.arguments)

    def ready(self):
        return None


class Embedded(sides.Side):
    """The App with its broker in the same process."""
    name = "klamm, embedded"
    durability = sides.Klamm.durability
    binary = None
    topics = ("bench-in", "bench-out")

    def command(self):
        return [self.binary, *self.topics, "--listen", f"127.0.0.1:{self.port}", "--data", str(self.folder / "data"),
                "--quiet"]


def _application(bench, name, arguments):
    side = Application(bench.folder / name)
    side.name = name
    side.arguments = arguments
    return side


def handlers(bench):
    records = bench.size.handler_records
    what = "consume, process, produce, exactly once"
    # Kafka Streams on Kafka; the library on Klamm's server, and on Kafka.
    for kind, name in ((sides.Kafka, "kafka streams"), (sides.Klamm, "klamm app on klamm"),
                       (sides.Kafka, "klamm app on kafka")):
        try:
            broker = bench.side(kind)
            source, target = bench.topic(broker, PARTITIONS), bench.topic(broker, PARTITIONS)
            _load("feed", f"127.0.0.1:{broker.port}", source, records)
            bootstrap = f"127.0.0.1:{broker.port}"
            folder = bench.folder / name.replace(" ", "-")
            arguments = (_java("streams", bootstrap, source, target, folder / "state") if name == "kafka streams" else
                         [str(bench.programs / "handlers_bench"), source, target, "--bootstrap", bootstrap, "--quiet"])
            application = _application(bench, name.replace(" ", "-"), arguments)
            before = broker.cpu_seconds()
            application.start()
            try:
                start = time.monotonic()
                _load("await", bootstrap, target, records)
                took = time.monotonic() - start
                cpu = application.cpu_seconds() + broker.cpu_seconds() - before
            finally:
                application.remove()
            application.name, application.durability = name, broker.durability
            bench.add(f"{what}: per CPU second of application and broker", application, records / cpu, "events/s",
                      "more", note=f"{records:,} events in {took:.1f} s, {cpu:.1f} s of CPU, one run")
            broker.delete_topic(source)
            broker.delete_topic(target)
        except (load.LoadError, OSError, RuntimeError) as failure:
            bench.skip(what, broker, f"{name}: {failure}")
    bench.close()
    _embedded(bench, what, records)


def _embedded(bench, what, records):
    """Fed by a server on the same data, then handled in one process."""
    server = bench.side(sides.Klamm)
    for topic in Embedded.topics:
        server.create_topic(topic, PARTITIONS)
    _load("feed", f"127.0.0.1:{server.port}", Embedded.topics[0], records)
    server.stop()
    Embedded.binary = str(bench.programs / "handlers_bench")
    side = Embedded(bench.folder / "embedded")
    try:
        (server.folder / "data").rename(side.folder / "data")
        start = time.monotonic()
        side.start()
        side.wait_until_open()
        _load("await", f"127.0.0.1:{side.port}", Embedded.topics[1], records)
        cpu = side.cpu_seconds()
        bench.add(f"{what}: per CPU second of application and broker", side, records / cpu, "events/s", "more",
                  note=f"{records:,} events in {time.monotonic() - start:.1f} s, {cpu:.1f} s of CPU, one run")
    except (load.LoadError, OSError, RuntimeError) as failure:
        bench.skip(what, side, failure)
    finally:
        side.remove()
        bench.close()
