"""Prints what a step's log says of its failures: the end of each failed test, then its last lines."""
import re
import sys

LINES_OF_A_TEST = 40
LINES_OF_THE_END = 60
COLUMNS = 240
FAILED = re.compile(r"^ *\d+/\d+ Test +#\d+: .*(\*\*\*|Subprocess aborted)")
NEXT = re.compile(r"^ +Start +\d+: |^ *\d+/\d+ Test +#\d+: |^\d+% tests passed")


def failed_tests(lines):
    """The lines from "***Failed" on, until ctest speaks of another test."""
    block = None
    for line in lines:
        if NEXT.match(line):
            if block:
                yield block
            block = [line] if FAILED.match(line) else None
        elif block:
            block.append(line)
    if block:
        yield block


with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    lines = log.read().splitlines()
shown = []
for head, *output in failed_tests(lines):
    shown += [head, *output[-LINES_OF_A_TEST:], ""]
for line in [*shown, f"-- the end of {sys.argv[1]}:", *lines[-LINES_OF_THE_END:]]:
    print(line[:COLUMNS])
