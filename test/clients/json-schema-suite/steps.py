"""The JSON Schema Test Suite, as jsonschema's source package has it, against Klamm's validator."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from client_steps import expect, run_steps

SUITE = Path(__file__).parent / "jsonschema-4.26.0" / "json"
REMOTES = SUITE / "remotes"
DRAFTS = ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12")
JUDGE = Path(os.environ["KLAMM"]).parent / "test" / "conformance" / "json_schema_suite"


def judge(draft, files):
    """-> cases, those judged otherwise than the suite says, and what was said about them."""
    done = subprocess.run([JUDGE, draft, "remotes.json", *sorted(files)], text=True,
                          capture_output=True)
    print(done.stdout, done.stderr, file=sys.stderr)
    counts = re.search(r"^(\d+) cases, (\d+) wrong$", done.stdout, re.MULTILINE)
    expect(counts is not None, f"no verdict: {done.stdout[-300:]}{done.stderr[-300:]}")
    return int(counts[1]), int(counts[2]), done.stdout


def required(draft):
    cases, wrong, words = judge(draft, (SUITE / "tests" / draft).glob("*.json"))
    expect(cases > 500 and wrong == 0, words[-500:])
    return f"{cases} required cases, all right"


def optional():
    details = []
    for draft in DRAFTS:
        files = [file for file in (SUITE / "tests" / draft / "optional").rglob("*.json")
                 if "format" not in file.parts]
        cases, wrong, _ = judge(draft, files)
        details.append(f"{draft} {cases - wrong} of {cases}")
    return ", ".join(details)


remotes = {f"http://localhost:1234/{file.relative_to(REMOTES)}": json.loads(file.read_text())
           for file in REMOTES.rglob("*.json")}
Path("remotes.json").write_text(json.dumps(remotes))
print("client JSON-Schema-Test-Suite jsonschema-4.26.0", flush=True)
sys.exit(run_steps([*((draft, lambda draft=draft: required(draft)) for draft in DRAFTS),
                    ("optional", optional)]))
