"""What `klamm apis --json` says against Kafka's own definitions, from the jar of its client."""

import os
import subprocess
import sys
from pathlib import Path

from client_steps import expect, run_steps

jar, = Path(sys.argv[1]).glob("kafka-clients-*.jar")


def definitions():
    fields = subprocess.run([os.environ["KLAMM"], "apis", "--json"], capture_output=True,
                            text=True, check=True).stdout
    Path("fields.json").write_text(fields)
    check = Path(os.environ["KLAMM_SOURCE"]) / "tools" / "check_protocol.py"
    done = subprocess.run([sys.executable, "-B", check, jar, "fields.json"], text=True,
                          capture_output=True)
    print(done.stdout, done.stderr, file=sys.stderr)
    expect(done.returncode == 0, (done.stdout + done.stderr)[-300:])
    return done.stdout.splitlines()[-1]


print(f"client definitions {jar.stem.removeprefix('kafka-clients-')}", flush=True)
sys.exit(run_steps([("definitions", definitions)]))
