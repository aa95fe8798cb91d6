#!/usr/bin/env python3
"""Lint as a test: the rules of the source that a compiler does not know.

usage: tidy.py [ROOT]

Prints `file:line: what is wrong` for each finding and leaves with 1 when there is one.
"""
import json
import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100
NAMES_THAT_SAY_NOTHING = {"util", "utils", "common", "helper", "helpers", "manager", "impl", "misc", "ctx"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])')
CLOCK = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock|random_device|clock_gettime|gettimeofday)\b")


class Findings:
    def __init__(self):
        self.count = 0

    def add(self, path, line, what):
        self.count += 1
        print(f"{path}:{line}: {what}")


def tracked(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout
    return [pathlib.Path(name) for name in listed.splitlines() if (pathlib.Path(root) / name).is_file()]


def check_include(findings, rules, path, number, layer, test, target):
    if target.startswith('"'):
        named = target.strip('"').split("/")
        example = named[0] in rules["examples"]
        if named[0] != "klamm" and not example:
            findings.add(path, number, f"{target}: project headers are included from the root, as \"klamm/...\"")
            return
        room = "examples" if example else named[1] if len(named) > 2 else "public"
        may = rules["may_include"].get(layer, []) + (rules["test_may_include"].get(layer, []) if test else [])
        if room != layer and room not in may:
            allowed = ", ".join(may) or "nothing"
            findings.add(path, number, f"{layer}/ must not include {room}/; it may include {allowed}")
        return
    if layer in rules["pure"] and not test and any(target.startswith(banned) for banned in rules["not_in_pure"]):
        findings.add(path, number, f"{target} in {layer}/: only host/ and cli/ touch the machine")


def check_public(findings, path, lines):
    """What is installed stands alone: it includes the standard library and itself."""
    opening = f"// {'/'.join(path.parts[1:])} - "
    if not lines[0].startswith(opening):
        findings.add(path, 1, f"the first line says what the header is: '{opening}...'")
    if "#pragma once" not in lines:
        findings.add(path, 1, "no #pragma once")
    for number, line in enumerate(lines, 1):
        if (match := INCLUDE.match(line)) and match.group(1).startswith('"'):
            if not re.fullmatch(r'"klamm/[a-z_]+\.h"', match.group(1)):
                findings.add(path, number, f"{match.group(1)} is not installed")


def check_source(findings, rules, path, lines):
    layer = path.parts[2]
    test = path.stem.endswith("_test") or path.name == "conformance.h" or path.stem.endswith("_fixture")
    if path.stem.lower() in NAMES_THAT_SAY_NOTHING:
        findings.add(path, 1, f"a file named '{path.stem}' says nothing about what is in it")
    if len(lines) > FILE_LINES_MAX and not test:
        findings.add(path, len(lines), f"{len(lines)} lines; more than {FILE_LINES_MAX} want two rooms")
    if path.suffix == ".h":
        opening = f"// {'/'.join(path.parts[2:])} - "
        if not lines or not lines[0].startswith(opening):
            findings.add(path, 1, f"the first line says what the header is: '{opening}...'")
        if "#pragma once" not in lines:
            findings.add(path, 1, "no #pragma once")
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            check_include(findings, rules, path, number, layer, test, match.group(1))
        if layer in rules["pure"] and not test and CLOCK.search(line.split("//")[0]):
            findings.add(path, number, "a clock or a random device below host/: time and chance are inputs")


def check_text(findings, path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and path.suffix in {".h", ".cc"}:
            findings.add(path, number, f"{len(line)} columns; at most {LINE_COLUMNS_MAX}")
        if UNFINISHED.search(line) and path.name != "tidy.py":
            findings.add(path, number, "what is in is finished; what is missing is listed in doc/protocol.md")
        if "\t" in line and path.suffix in {".h", ".cc", ".py", ".md"}:
            findings.add(path, number, "a tab")
        if line != line.rstrip():
            findings.add(path, number, "white space at the end")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    rules = json.loads((pathlib.Path(__file__).parent / "layers.json").read_text())
    findings = Findings()
    sources = 0
    for path in tracked(root):
        if path.suffix not in {".h", ".cc", ".py", ".sh"}:
            continue
        lines = (root / path).read_text(encoding="utf-8").split("\n")
        check_text(findings, path, lines)
        if path.parts[:2] == ("include", "klamm"):
            check_public(findings, path, lines)
        if path.parts[:2] == ("src", "klamm") and path.suffix in {".h", ".cc"}:
            sources += 1
            check_source(findings, rules, path, lines)
    for layer in rules["may_include"]:
        if not (root / "src/klamm" / layer / "README.md").is_file():
            findings.add(f"src/klamm/{layer}/README.md", 1, "missing: each folder says what belongs into it")
    if sources == 0:
        findings.add("src/klamm", 1, "no sources found: wrong folder?")
    print(f"tidy: {sources} source files, {findings.count} findings")
    return 1 if findings.count else 0


if __name__ == "__main__":
    sys.exit(main())
