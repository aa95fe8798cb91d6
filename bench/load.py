"""Kafka's own load generators, run and read, and Transactions.java, since none of Kafka's measures what a commit takes."""
import pathlib
import re
import subprocess

RECORD_BYTES = 1024
TOOL_SECONDS_MAX = 600
libs = None


class LoadError(RuntimeError):
    pass


def _run(tool, *arguments, heap="512m"):
    command = ["java", f"-Xmx{heap}", "-XX:+UseParallelGC", "-cp", f"{libs}/*", f"org.apache.kafka.tools.{tool}",
               *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_SECONDS_MAX)
    if done.returncode != 0:
        raise LoadError(f"{tool} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


SUMMARY = re.compile(r"(\d+) records sent, ([\d.]+) records/sec \(([\d.]+) MB/sec\), ([\d.]+) ms avg latency, "
                     r"([\d.]+) ms max latency, (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99.9th")


def produce(port, topic, records, rate=-1, warmup=0, payloads=None, **properties):
    """acks=all, records of 1 KiB, or the lines of the file `payloads` in random order. Rate in records per second, -1: as
    fast as it goes."""
    properties = {"acks": "all", **{name.replace("_", "."): value for name, value in properties.items()}}
    out = _run("ProducerPerformance", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", topic, "--num-records",
               records, *(["--payload-file", payloads] if payloads else ["--record-size", RECORD_BYTES]),
               "--throughput", rate, *(["--warmup-records", warmup] if warmup else []),
               "--command-property", *[f"{name}={value}" for name, value in properties.items()])
    summaries = SUMMARY.findall(out)
    if not summaries:
        raise LoadError(f"ProducerPerformance gave no summary: {out[-2000:]}")
    sent, per_second, mib_per_second, avg, longest, p50, p95, p99, p999 = map(float, summaries[-1])
    if "rror" in out or "xception" in out:
        raise LoadError(f"ProducerPerformance met errors: {out[:2000]}")
    return {"records": sent, "mib_per_s": mib_per_second, "records_per_s": per_second, "avg_ms": avg,
            "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "p999_ms": p999, "max_ms": longest}


def consume(port, topic, records, group):
    """Reads that many records from the beginning."""
    out = _run("ConsumerPerformance", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", topic, "--num-records",
               records, "--group", group, "--hide-header", "--timeout", 60000)
    row = [field.strip() for field in out.strip().splitlines()[-1].split(",")]
    # start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
    if float(row[4]) < records:
        raise LoadError(f"ConsumerPerformance read {row[4]} of {records} records: {out[-2000:]}")
    return {"records": float(row[4]), "mib_per_s": float(row[8]), "with_join_mib_per_s": float(row[3])}


def end_to_end(port, topic, records):
    """One record at a time: from send() to the moment in which a consumer has it."""
    out = _run("EndToEndLatency", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", topic, "--num-records",
               records, "--producer-acks", "all", "--record-size", RECORD_BYTES)
    found = re.search(r"Percentiles: 50th = (\d+), 99th = (\d+), 99.9th = (\d+)", out)
    average = re.search(r"Avg latency: ([\d.]+) ms", out)
    if not found or not average:
        raise LoadError(f"EndToEndLatency gave no percentiles: {out[-2000:]}")
    return {"avg_ms": float(average[1]), "p50_ms": float(found[1]), "p99_ms": float(found[2]),
            "p999_ms": float(found[3])}


TRANSACTIONS = re.compile(r"transactions (\d+) in (\d+) seconds, commit p50 ([\d.]+) p99 ([\d.]+) ms, "
                          r"whole p50 ([\d.]+) p99 ([\d.]+) ms")


def transactions(port, topic, producers, records, warmup, seconds):
    """Transactions of so many records, by so many producers at once."""
    program = pathlib.Path(__file__).parent / "Transactions.java"
    done = subprocess.run(["java", "-Xmx512m", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                           "-cp", f"{libs}/*", program, f"127.0.0.1:{port}", topic,
                           *map(str, (producers, records, warmup, seconds))],
                          capture_output=True, text=True, timeout=TOOL_SECONDS_MAX)
    found = TRANSACTIONS.search(done.stdout)
    if done.returncode != 0 or not found:
        raise LoadError(f"Transactions failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    count, took, commit50, commit99, whole50, whole99 = map(float, found.groups())
    return {"per_s": count / took, "commit_p50_ms": commit50, "commit_p99_ms": commit99, "whole_p50_ms": whole50,
            "whole_p99_ms": whole99}
