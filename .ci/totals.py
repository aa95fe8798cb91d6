"""Prints "PASSED FAILED" for a log: the sums over ctest's summaries and plain closing lines."""
import re
import sys

CTEST = re.compile(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed")

passed = failed = 0
with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
    for line in log:
        if match := CTEST.match(line):
            passed += int(match[2]) - int(match[1])
            failed += int(match[1])
        elif match := PLAIN.match(line):
            passed += int(match[1])
            failed += int(match[2])
print(passed, failed)
