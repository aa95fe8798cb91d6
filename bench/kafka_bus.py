"""What the bus costs its process over librdkafka alone: bench/kafka_bus.cc."""
import json
import statistics
import subprocess

import load
import sides

RECORDS = 500_000
RECORD_BYTES = 200
PARTITIONS = 8
ROUNDS = 3
NAMES = {"raw": "librdkafka alone", "bus": "the bus"}


def kafka_bus(bench):
    """Records copied from one topic to another in transactions of 5,000, by either, in turns; CPU of the client's process."""
    def run(side, *arguments):
        done = subprocess.run([str(bench.programs / "kafka_bus_bench"), f"127.0.0.1:{side.port}", *arguments],
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise load.LoadError(f"kafka_bus_bench failed: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout else None

    for kind in (sides.Klamm, sides.Kafka):
        side = bench.side(kind)
        cpu = {mode: [] for mode in NAMES}
        try:
            for round_ in range(ROUNDS):
                topic = f"copied-{round_}"
                run(side, "fill", topic, str(RECORDS), str(RECORD_BYTES), str(PARTITIONS))
                for mode in cpu:
                    cpu[mode].append(run(side, mode, topic, str(RECORDS))["cpu_seconds"])
                for name in (topic, f"{topic}-out"):
                    side.delete_topic(name)
        except (load.LoadError, subprocess.TimeoutExpired) as failure:
            bench.skip("copying in transactions", side, failure)
            continue
        for mode, name in NAMES.items():
            seconds = [1e6 / RECORDS * one for one in cpu[mode]]
            bench.add(f"copying records of {RECORD_BYTES} bytes in transactions, {name}: client CPU", side,
                      statistics.median(seconds), "s/million",
                      note=f"median of {ROUNDS}, {min(seconds):.2f} to {max(seconds):.2f}")
        bench.add("copying records in transactions: client CPU of the bus over librdkafka alone", side,
                  statistics.median(bus / raw for bus, raw in zip(cpu["bus"], cpu["raw"])), "×",
                  note=f"median of {ROUNDS} pairs")
    bench.close()
