"""bench/RESULTS.md from the rows that were measured."""
import datetime
import os
import pathlib
import platform
import subprocess


def _first(command):
    try:
        out = subprocess.run(command, capture_output=True, text=True)
        return ((out.stdout or out.stderr).strip().splitlines() or [""])[0]
    except OSError:
        return "unknown"


def _cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(row, other):
    """How many times better the row is than the other."""
    if row is None or other is None or not row["value"] or not other["value"]:
        return ""
    ratio = other["value"] / row["value"] if row["better"] == "less" else row["value"] / other["value"]
    return f"{ratio:.2f} ×"


def _cell(row):
    if row is None:
        return ""
    return "failed ¹" if row["value"] is None else f"{_number(row['value'])} {row['unit']}"


def _by_measure(rows):
    found = {}
    for row in rows:
        found.setdefault(row["measure"], {})[row["side"]] = row
    return found


def _registry(rows):
    """The rows of the schema registry, beside the registries that ran with it."""
    if not rows:
        return []
    peers = list(dict.fromkeys(row["side"] for row in rows if row["side"] != "klamm"))
    lines = ["", "## Schema registry", "",
             "The server on one core, wrk on the other; medians of three runs.", "",
             "| measure | klamm | " + "".join(f"{peer} | klamm against it | " for peer in peers) + "|",
             "|---|---:|" + "---:|---:|" * len(peers) + "---|"]
    for measure, by_side in _by_measure(rows).items():
        klamm = by_side.get("klamm")
        cells = "".join(f" {_cell(by_side.get(peer))} | {_ratio(klamm, by_side.get(peer))} |"
                        for peer in peers)
        lines.append(f"| {measure} | {_cell(klamm)} |{cells} {klamm.get('note', '')} |")
    return lines


def markdown(root, about, rows):
    fs = _first(["findmnt", "-no", "FSTYPE,SOURCE", "-T", str(root)])
    lines = [
        "# Results", "",
        f"Written by `{about['command']}` on {datetime.date.today()}, in {about['seconds']} s. Sides take turns within each "
        "measure. The load comes from Kafka's own ProducerPerformance, ConsumerPerformance and EndToEndLatency (Java; "
        "transactions from `bench/Transactions.java`, with Kafka's client; keyed records from `bench/keyed_load.cc`), on the same machine: it takes most of the CPU, so throughput says more about the client than about a broker; CPU per "
        "GiB is the server process's own. Records have 1 KiB, acks=all, no compression.", "",
        f"- machine: {os.cpu_count()} × {_cpu()}, {_memory_gib():.0f} GiB, Linux {platform.release()}, {fs}; load average "
        f"before the run {about['load_before']:.1f}",
        f"- klamm: {_first(['git', '-C', str(root), 'describe', '--always', '--dirty'])}, g++ {_first(['g++', '-dumpversion'])} -O2",
        f"- Apache Kafka 4.3.1, one KRaft node, -Xmx1G and G1 as in its start script, {_first(['java', '-version'])}",
        "- limit loop: `bench/limit_loop.cc`, receives, checks CRC-32C, writes and syncs the same bytes, and nothing else", "",
        "Durability of each side:", ""]
    sides = {}
    for row in rows:
        sides.setdefault(row["side"], row["durability"])
    lines += [f"- {side}: {durability}" for side, durability in sides.items()]
    lines += _registry([row for row in rows if row.get("table") == "registry"])
    by_measure = _by_measure([row for row in rows if row.get("table") != "registry"])
    if by_measure:
        lines += ["", "| measure | klamm (synced) | kafka (not synced, unless it is said) | klamm against kafka | limit loop (synced) | klamm against the limit | |",
                  "|---|---:|---:|---:|---:|---:|---|"]
    for measure, by_side in by_measure.items():
        klamm, kafka, limit = (by_side.get(name) for name in ("klamm", "kafka", "limit loop"))
        kafka = kafka or by_side.get("kafka synced")
        note = next((row.get("note", "") for row in by_side.values() if row.get("note")), "")
        lines.append(f"| {measure} | {_cell(klamm)} | {_cell(kafka)} | {_ratio(klamm, kafka)} | {_cell(limit)} | "
                     f"{_ratio(klamm, limit)} | {note} |")
    lines += ["", "A ratio above 1 means that klamm is better: faster, or less of what is spent."]
    failures = [row for row in rows if row["value"] is None]
    if failures:
        lines += ["", "¹ What could not be measured, and why:", ""]
        lines += [f"- {row['measure']}, {row['side']}: {' '.join(row['why'].split())}" for row in failures]
    return "\n".join(lines) + "\n"
