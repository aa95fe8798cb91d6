"""What is measured, one function each. The sides take turns within every measure, so that what the machine does
meanwhile falls on all of them."""
import dataclasses
import pathlib
import shutil
import statistics
import sys
import time

import compaction
import handlers
import kafka_bus
import load
import probe
import registry
import sides
import validation

GIB = 2 ** 30
IDLE_SECONDS = 5
RESERVE_BYTES = 10 * GIB  # left free on the disk


@dataclasses.dataclass
class Size:
    starts: int
    produce_records: int
    partitions: list
    rounds: int
    rate_seconds: int
    end_to_end_records: int
    recovery_gib: list
    transaction_seconds: int
    compaction_gib: list
    disturbed_rounds: int = 2
    registry_seconds: int = 3
    registry_rounds: int = 3
    handler_records: int = 1_000_000

    @classmethod
    def thorough(cls):
        return cls(starts=7, produce_records=300_000, partitions=[1, 10, 1_000, 10_000], rounds=2, rate_seconds=20,
                   end_to_end_records=5_000, recovery_gib=[1.0, 10.0], transaction_seconds=10,
                   compaction_gib=[10.0], disturbed_rounds=4, registry_seconds=10)

    @classmethod
    def full(cls):
        return dataclasses.replace(cls.quick(), partitions=[1, 10, 1_000, 10_000], recovery_gib=[1.0, 10.0],
                                   compaction_gib=[10.0])

    @classmethod
    def quick(cls):
        return cls(starts=3, produce_records=150_000, partitions=[10], rounds=1, rate_seconds=5,
                   end_to_end_records=1_000, recovery_gib=[], transaction_seconds=4, compaction_gib=[])


class Bench:
    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder)
        self.size = size
        self.rows = []
        self.open = {}
        self.peers = []  # registries that run already
        self.topics = 0

    def side(self, kind):
        """Running, and ready."""
        if kind not in self.open:
            side = kind(self.folder / kind.name.replace(" ", "-"))
            self.open[kind] = side
            side.start()
            side.wait_until_open()
        return self.open[kind]

    def close(self):
        for side in self.open.values():
            side.remove()
        self.open = {}

    def topic(self, side, partitions, configs=None):
        self.topics += 1
        name = f"bench-{self.topics}"
        side.create_topic(name, partitions, configs)
        return name

    def add(self, measure, side, value, unit, better="less", **details):
        self.rows.append({"measure": measure, "side": side.name, "durability": side.durability, "value": value,
                          "unit": unit, "better": better, **details})
        print(f"  {measure}: {side.name} {value:.4g} {unit}", file=sys.stderr, flush=True)

    def skip(self, measure, side, why):
        self.rows.append({"measure": measure, "side": side.name, "durability": side.durability, "value": None,
                          "unit": "", "better": "less", "why": str(why)[-300:]})
        print(f"  {measure}: {side.name}: {why}", file=sys.stderr, flush=True)


def start(bench):
    """Process start to the first acknowledged record, in a data folder that has one topic and was left in order."""
    times = {kind: [] for kind in (sides.Klamm, sides.Kafka)}
    for kind in times:
        side = bench.side(kind)
        side.create_topic("start", 1)
        probe.until_acknowledged(side.port, "start", 30)
    for _ in range(bench.size.starts):
        for kind, taken in times.items():
            side = bench.side(kind)
            side.stop()
            before = side.start()
            taken.append(1000 * (probe.until_acknowledged(side.port, "start", 120) - before))
    for kind, taken in times.items():
        bench.add("process start to first acknowledged produce", bench.side(kind), statistics.median(taken), "ms",
                  note=f"median of {len(taken)}, {min(taken):.0f} to {max(taken):.0f}")


def idle(bench):
    for kind in (sides.Klamm, sides.Kafka):
        bench.close()
        side = bench.side(kind)
        time.sleep(IDLE_SECONDS)
        bench.add("idle memory (resident)", side, side.resident_mib(), "MiB",
                  note=f"fresh, {IDLE_SECONDS} s after the start")


def produce(bench):
    """As fast as it goes, acks=all; then the same records are read again."""
    records = bench.size.produce_records
    gib = records * load.RECORD_BYTES / GIB
    for partitions in bench.size.partitions:
        results = {}
        for round_ in range(bench.size.rounds):
            for kind in (sides.Klamm, sides.Kafka, sides.LimitLoop):
                try:
                    one = _produce_and_fetch(bench, bench.side(kind), partitions, records, gib, round_)
                    results.setdefault(kind, []).append(one)
                except (load.LoadError, OSError, RuntimeError) as failure:
                    bench.skip(f"produce, {_plural(partitions)}", bench.side(kind), failure)
        for kind, runs in results.items():
            side = bench.side(kind)
            at = _plural(partitions)
            best = {name: [run[name] for run in runs] for name in runs[0]}
            bench.add(f"produce, {at}: throughput", side, max(best["rate"]), "MiB/s", "more", note=_of(runs))
            bench.add(f"produce, {at}: broker CPU", side, min(best["cpu"]), "s/GiB", note=_of(runs))
            if side.reads:
                bench.add(f"fetch, {at}: throughput", side, max(best["read"]), "MiB/s", "more", note=_of(runs))
                bench.add(f"fetch, {at}: broker CPU", side, min(best["read_cpu"]), "s/GiB", note=_of(runs))
        if partitions >= 1_000:  # what so many partitions leave behind shall not burden the next measure
            bench.close()


def _produce_and_fetch(bench, side, partitions, records, gib, round_):
    topic = bench.topic(side, partitions)
    load.produce(side.port, topic, records // 10)  # the server's code gets warm
    before = side.cpu_seconds()
    done = load.produce(side.port, topic, records)
    result = {"rate": done["mib_per_s"], "cpu": (side.cpu_seconds() - before) / gib}
    if side.reads:
        before = side.cpu_seconds()
        read = load.consume(side.port, topic, records, f"bench-{topic}-{round_}")
        result["read"] = read["mib_per_s"]
        result["read_cpu"] = (side.cpu_seconds() - before) / gib
    side.delete_topic(topic)
    return result


def _plural(partitions):
    return "1 partition" if partitions == 1 else f"{partitions:,} partitions"


def _of(runs):
    return f"best of {len(runs)}" if len(runs) > 1 else "one run"


def latency(bench):
    """10,000 records/s, acks=all, linger.ms=0."""
    rate = 10_000
    results = {}
    for _ in range(bench.size.rounds):
        for kind in (sides.Klamm, sides.Kafka, sides.LimitLoop):
            side = bench.side(kind)
            topic = bench.topic(side, 10)
            warmup = rate * min(10, bench.size.rate_seconds)
            try:
                done = load.produce(side.port, topic, warmup + rate * bench.size.rate_seconds, rate=rate,
                                    warmup=warmup, linger_ms=0)
                results.setdefault(kind, []).append(done)
            except load.LoadError as failure:
                bench.skip("produce latency at 10,000 records/s", side, failure)
            side.delete_topic(topic)
    for kind, runs in results.items():
        for name in ("p50", "p95", "p99", "p999"):
            bench.add(f"produce latency at 10,000 records/s: {name}", bench.side(kind),
                      min(run[f"{name}_ms"] for run in runs), "ms", note=_of(runs) + ", whole milliseconds")


def end_to_end(bench):
    """One record at a time: send, sync, acknowledge, fetch."""
    for kind in (sides.Klamm, sides.Kafka):
        side = bench.side(kind)
        topic = bench.topic(side, 1)
        try:
            done = load.end_to_end(side.port, topic, bench.size.end_to_end_records)
        except load.LoadError as failure:
            bench.skip("end to end", side, failure)
            continue
        for name in ("avg", "p50", "p99", "p999"):
            note = "with the client's start" if name == "avg" else "whole milliseconds"
            bench.add(f"end to end, one record at a time: {name}", side, done[f"{name}_ms"], "ms", note=note)


def transactions(bench):
    """Transactions of a few records, as fast as one producer can, and several at once."""
    warmup_seconds, records, partitions = 3, 5, 10
    for producers in (1, 8):
        results = {}
        for kind in (sides.Klamm, sides.Kafka, sides.KafkaSynced):
            side = bench.side(kind)
            topic = bench.topic(side, partitions)
            try:
                before = side.cpu_seconds()
                done = load.transactions(side.port, topic, producers, records, warmup_seconds,
                                         bench.size.transaction_seconds)
                cpu = side.cpu_seconds() - before
                all_of_it = done["per_s"] * (warmup_seconds + bench.size.transaction_seconds)
                results[kind] = {**done, "cpu_ms": 1000 * cpu / all_of_it}
            except load.LoadError as failure:
                bench.skip(f"transactions, {producers} at once", side, failure)
            side.delete_topic(topic)
        what = f"transactions of {records} records, " + ("1 producer" if producers == 1 else f"{producers} producers")
        for other, suffix in ((sides.Kafka, ""), (sides.KafkaSynced, ", Kafka synced too")):
            for kind in (sides.Klamm, other):
                if kind not in results:
                    continue
                side, run = bench.side(kind), results[kind]
                bench.add(f"{what}: committed{suffix}", side, run["per_s"], "/s", "more", note="one run")
                bench.add(f"{what}: commit p50{suffix}", side, run["commit_p50_ms"], "ms", note="one run")
                bench.add(f"{what}: commit p99{suffix}", side, run["commit_p99_ms"], "ms", note="one run")
                bench.add(f"{what}: broker CPU{suffix}", side, run["cpu_ms"], "ms each", note="about; warm-up included")
    bench.close()


def recovery(bench):
    """kill -9 after so much was stored, then the time to the first acknowledged record."""
    for gib in bench.size.recovery_gib:
        for kind in (sides.Klamm, sides.Kafka):
            bench.close()
            what = f"kill -9 with {gib:g} GiB stored, to first acknowledged produce"
            free = shutil.disk_usage(bench.folder.parent).free
            side = bench.side(kind)
            if free < 2 * gib * GIB + RESERVE_BYTES:
                bench.skip(what, side, f"only {free / GIB:.0f} GiB are free")
                continue
            topic = bench.topic(side, 10)
            load.produce(side.port, topic, int(gib * GIB / load.RECORD_BYTES))
            side.kill()
            before = side.start()
            taken = probe.until_acknowledged(side.port, topic, 300) - before
            bench.add(what, side, 1000 * taken, "ms", note="one run")
    bench.close()


ALL = {"idle": idle, "start": start, "end_to_end": end_to_end, "latency": latency, "transactions": transactions,
       "produce": produce, "validation": validation.validation, "recovery": recovery,
       "compaction": compaction.compaction, "kafka_bus": kafka_bus.kafka_bus,
       "registry": registry.registry, "handlers": handlers.handlers}
