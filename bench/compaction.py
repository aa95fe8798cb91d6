"""A compacted topic: how fast it is there again after kill -9, what memory and disk it takes, and what merging and
compaction cost those who produce and fetch meanwhile."""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import threading
import time

import load
import probe
import sides

GIB = 2 ** 30
SAMPLE_SECONDS = 0.2
RESERVE_BYTES = 10 * GIB  # left free on the disk
KEYS = 2_000_000
RATE = 20_000_000  # bytes a second, of the measure of latencies
FETCHES = 200      # a second
KEYED_LOAD = None


def keyed_load(port, topic, **options):
    """bench/keyed_load: its numbers by name."""
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(int(value)))]
    done = subprocess.run([KEYED_LOAD, str(port), topic, *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise load.LoadError(f"keyed_load failed: {done.stderr.strip()}")
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", done.stdout)}


def disk_bytes(folder):
    """What the files take, holes and all that was given back left out."""
    total = 0
    for path in pathlib.Path(folder).rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass
    return total


class MostDisk(threading.Thread):
    """Looks at a folder now and then; `most` is what it took at most."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.most, self.over = folder, 0, threading.Event()

    def run(self):
        while not self.over.wait(SAMPLE_SECONDS):
            self.most = max(self.most, disk_bytes(self.folder))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


class Eager(sides.Klamm):
    """Merges and compacts as fast as it can: 64 MiB a second, the default, would take minutes."""
    settings = ("klamm.storage.bytes.per.second=1000000000",)


class Busy(sides.Klamm):
    """With a journal so small that it merges all the time."""
    name = "klamm, merging"
    settings = ("klamm.journal.bytes=134217728",)


def compaction(bench):
    """kill -9 right after so much was written to a compacted topic, while it is merged and compacted."""
    for gib in bench.size.compaction_gib:
        bench.close()
        what = f"{gib:g} GiB written to a compacted topic of {KEYS // 1_000_000} million keys"
        side = bench.side(Eager)
        if shutil.disk_usage(bench.folder.parent).free < 2 * gib * GIB + RESERVE_BYTES:
            bench.skip(what, side, "the disk has not enough room")
            continue
        probe.create_topic(side.port, "first", 1)
        probe.create_topic(side.port, "table", 1, {"cleanup.policy": "compact"})
        with MostDisk(side.folder / "data") as disk:
            done = keyed_load(side.port, "table", bytes=gib * GIB, keys=KEYS)
        memory, passes = side.peak_mib(), side.metric("klamm_compaction_passes_total")
        bench.add(f"{what}: throughput", side, done["bytes"] / 2 ** 20 / done["seconds"], "MiB/s", "more",
                  note=f"keyed_load, batches of 1 MB; {passes:.0f} passes of compaction meanwhile; {Eager.settings[0]}")
        bench.add(f"{what}: most disk", side, disk.most / GIB, "GiB", note=f"looked at every {SAMPLE_SECONDS} s")
        bench.add(f"{what}: kill -9, to first acknowledged produce", side, recover(side), "ms", note="one run")
        settle(side, "table")
        memory = max(memory, side.peak_mib())
        bench.add(f"{what}: disk when nothing is left to compact", side, disk_bytes(side.folder / "data") / GIB, "GiB")
        bench.add(f"{what}: kill -9 then, to first acknowledged produce", side, recover(side), "ms", note="one run")
        memory = max(memory, side.peak_mib())
        bench.add(f"{what}: most memory (resident)", side, memory, "MiB", note="the peak of the three processes")
    if bench.size.compaction_gib:
        bench.close()
        disturbance(bench)
    bench.close()


def recover(side):
    """kill -9, and the milliseconds from the start of the next process to its first acknowledged produce."""
    side.kill()
    before = side.start()
    taken = probe.until_acknowledged(side.port, "first", 300) - before
    side.wait_until_open()
    return 1000 * taken


def settle(side, topic, seconds_max=900):
    """Until nothing is left to compact: the last pass is over, and none is due."""
    end = time.monotonic() + seconds_max
    while time.monotonic() < end:
        report = json.loads(side.get(f"/api/topics/{topic}"))
        if report["partitions"][0]["compaction"]["next"].startswith(("nothing is dirty", "waits: ")):
            return
        time.sleep(0.5)
    raise load.LoadError(f"{topic} is not compacted after {seconds_max} s")


def disturbance(bench):
    """Produce and fetch at one rate, with and without merging and compaction, in turns."""
    quiet, busy = bench.side(sides.Klamm), bench.side(Busy)
    probe.create_topic(quiet.port, "table", 1)
    probe.create_topic(busy.port, "table", 1, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"})
    for side in (quiet, busy):
        keyed_load(side.port, "table", bytes=GIB / 4, keys=100_000)
    results = {side: [] for side in (quiet, busy)}
    for _ in range(bench.size.disturbed_rounds):
        for side, runs in results.items():
            runs.append(keyed_load(side.port, "table", bytes=RATE * 15, keys=100_000, batch=20_000, rate=RATE,
                                   fetches=FETCHES))
    merges, passes = busy.metric("klamm_merges_total"), busy.metric("klamm_compaction_passes_total")
    if not merges or not passes:
        raise load.LoadError(f"{merges} merges and {passes} passes: nothing disturbed")
    for name, field in (("produce", "p99_ms"), ("fetch", "fetch_p99_ms")):
        p99 = {side: statistics.median(run[field] for run in runs) for side, runs in results.items()}
        note = f"median of {bench.size.disturbed_rounds}; {RATE // 1_000_000} MB/s, {FETCHES} fetches/s"
        at = f"{name} p99 at {RATE // 1_000_000} MB/s"
        bench.add(f"{at}, nothing merged or compacted", quiet, p99[quiet], "ms", note=note)
        bench.add(f"{at}, merging and compacting all the time", quiet, p99[busy], "ms",
                  note=f"{merges:.0f} merges, {passes:.0f} passes; {p99[busy] / p99[quiet]:.2f} times as long")
