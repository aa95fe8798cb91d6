#!/usr/bin/env python3
"""What a compiler says about mistakes in descriptions of events: the sentence that mistakes.cc has for it.

descriptions_test.py COMPILER ROOT
"""
import re
import subprocess
import sys


def errors_of(compiler, root, number):
    command = [compiler, "-std=c++23", "-fsyntax-only", f"-I{root}/include", f"-DMISTAKE={number}",
               f"{root}/test/descriptions/mistakes.cc"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def main():
    compiler, root = sys.argv[1:]
    with open(f"{root}/test/descriptions/mistakes.cc", encoding="utf-8") as source:
        mistakes = re.findall(r"MISTAKE [!=]= (\d+)  // (.*)", source.read())
    failed = 0
    for number, sentence in mistakes:
        said = errors_of(compiler, root, number)
        good = not said if sentence == "nothing" else f"klamm: {sentence}" in said
        if not good:
            failed += 1
            print(f"mistake {number}: expected {sentence!r}, the compiler said:\n{said[:3000]}")
    print(f"{len(mistakes)} descriptions, {failed} failed")
    return 1 if failed or len(mistakes) < 12 else 0


if __name__ == "__main__":
    sys.exit(main())
