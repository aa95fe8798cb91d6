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


def _what(ids):
    return "consume, process, produce, exactly once" + (", deduplicated by event id" if ids else "")


def _add(bench, side, ids, records, cpu, seconds):
    bench.add(f"{_what(ids)}: per CPU second of application and broker", side, records / cpu, "events/s", "more",
              note=f"{records:,} events in {seconds:.1f} s, {cpu:.1f} s of CPU, one run")


def _remote(bench, kind, name, ids, records):
    """An application beside its broker."""
    broker = bench.side(kind)
    source, target = bench.topic(broker, PARTITIONS), bench.topic(broker, PARTITIONS)
    bootstrap = f"127.0.0.1:{broker.port}"
    _load("feed", bootstrap, source, records, "ids" if ids else "plain")
    folder = name.replace(" ", "-")
    application = _application(
        bench, folder,
        _java("streams", bootstrap, source, target, bench.folder / folder / "state") if name == "kafka streams" else
        [str(bench.programs / "handlers_bench"), source, target, "--bootstrap", bootstrap, "--quiet"])
    application.name, application.durability = name, broker.durability
    before = broker.cpu_seconds()
    start = time.monotonic()
    application.start()
    try:
        _load("await", bootstrap, target, records)
        cpu = application.cpu_seconds() + broker.cpu_seconds() - before
        _add(bench, application, ids, records, cpu, time.monotonic() - start)
    finally:
        application.remove()
    broker.delete_topic(source)
    broker.delete_topic(target)


def _embedded(bench, ids, records):
    """Fed by a server on the same data, then handled in one process."""
    bench.close()
    server = bench.side(sides.Klamm)
    for topic in Embedded.topics:
        server.create_topic(topic, PARTITIONS)
    _load("feed", f"127.0.0.1:{server.port}", Embedded.topics[0], records, "ids" if ids else "plain")
    server.stop()
    Embedded.binary = str(bench.programs / "handlers_bench")
    side = Embedded(bench.folder / "embedded")
    try:
        (server.folder / "data").rename(side.folder / "data")
        start = time.monotonic()
        side.start()
        side.wait_until_open()
        _load("await", f"127.0.0.1:{side.port}", Embedded.topics[1], records)
        _add(bench, side, ids, records, side.cpu_seconds(), time.monotonic() - start)
    finally:
        side.remove()
        bench.close()


def handlers(bench):
    """Kafka Streams knows no ids of events, so what is beside it handles plain records; with ids the library alone."""
    records = bench.size.handler_records
    measures = [(lambda kind=kind, name=name, ids=ids: _remote(bench, kind, name, ids, records), name)
                for kind, name, ids in ((sides.Kafka, "kafka streams", False),
                                        (sides.Klamm, "klamm app on klamm", False),
                                        (sides.Kafka, "klamm app on kafka", False),
                                        (sides.Klamm, "klamm app on klamm", True))]
    measures += [(lambda ids=ids: _embedded(bench, ids, records), Embedded.name) for ids in (False, True)]
    for measure, name in measures:
        try:
            measure()
        except (load.LoadError, OSError, RuntimeError) as failure:
            bench.skip(_what(False), Embedded, f"{name}: {failure}")
    bench.close()
