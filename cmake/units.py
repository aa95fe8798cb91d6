"""Packs sources into units that one compiler run takes: one line for each unit, joined by ";".

    units.py SOURCE...

Nothing that two sources define at the left margin (where clang-format puts what stands in a
namespace) may have the same name in one unit, so that their anonymous namespaces do not collide.
A name too many costs a unit more; sources of one folder stay together where they can.
"""
import re
import sys
from pathlib import Path

SOURCES_MAX = 10
LINES_MAX = 2500  # so that neither the memory of a compiler nor the last unit's time is large

SKIPPED = re.compile(r"[\s#}/]|namespace\b|using namespace\b|using [\w:]+;|template\b|static_assert\b")
TEST = re.compile(r"(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP)\((\w+), *(\w+)")
TYPE = re.compile(r"(?:struct|class|union|enum|enum class|using) (\w+)")
OTHER = re.compile(r"(?<![\w:])(\w+)(?=\s*[({=;\[])")


def names(text):
    for line in text.splitlines():
        if not line or SKIPPED.match(line):
            if line.startswith("#define"):
                yield line.split()[1].split("(")[0]
        elif match := TEST.match(line):
            yield "_".join(match.groups())
        else:
            yield from TYPE.findall(line)
            yield from OTHER.findall(line)


units = []  # [sources, lines, names]
for source in sorted(sys.argv[1:], key=lambda name: (str(Path(name).parent), name)):
    text = Path(source).read_text(encoding="utf-8")
    lines = text.count("\n")
    defined = {name for name in names(text) if not name.isupper() and name != "operator"}
    for unit in reversed(units):
        if (len(unit[0]) < SOURCES_MAX and unit[1] + lines <= LINES_MAX
                and not unit[2] & defined):
            unit[0].append(source)
            unit[1] += lines
            unit[2] |= defined
            break
    else:
        units.append([[source], lines, defined])
for sources, _, _ in units:
    print(";".join(sources))
