"""An App as a process: examples/hello, or another program whose flags are those of klamm::run."""
import collections
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

import process

HELLO = os.environ["HELLO"]
KLAMM = os.environ["KLAMM"]
READY = re.compile(r"^(\S+) ready(.*) in (\d+) ms$")


def free_port():
    """One that nobody had a moment ago: for who must be told before there is a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, look, seconds=60):
    """What `look` gives once it is true."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.02)


class App(process.Process):
    """Its HTTP port is known from the beginning: an App that is not ready prints nothing."""
    stop_seconds = 40

    def __init__(self, *flags, program=HELLO, environment=None):
        self.http_port = free_port()
        command = [program, "--http", f"127.0.0.1:{self.http_port}", *map(str, flags)]
        super().__init__(command, env={**os.environ, **(environment or {})})

    def wait_until_ready(self, seconds=60):
        """What its ready line says: kafka, http, data, bootstrap, instance, as far as there are such."""
        line = self.first_line(seconds)
        match = READY.match(line)
        assert match, f"'{line}' is no ready line; exit code {self.process.poll()}: {self.stderr()}"
        return dict(word.split("=", 1) for word in match[2].split())

    def ended(self, seconds=60):
        """(exit code, stderr) of one that ends by itself."""
        return self.process.wait(seconds), self.stderr()

    def get(self, path):
        """(status, body); (0, why) while it does not listen."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def problems(self):
        """Kinds of what /healthz says; none while it does not listen."""
        status, body = self.get("/healthz")
        if status == 0:
            return []
        health = json.loads(body)
        assert health["healthy"] == (status == 200), body
        return [problem["kind"] for problem in health["problems"]]


def klamm(*arguments, text=""):
    """What the command-line client prints."""
    done = subprocess.run([KLAMM, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, f"klamm {arguments}: {done.stderr}"
    return done.stdout


def visit(bootstrap, names):
    """One visit for each name, acknowledged."""
    lines = "".join(f'{name}:{{"name":"{name}"}}\n' for name in names)
    klamm("produce", "visits", "--key-separator", ":", "--bootstrap", bootstrap, text=lines)


def greetings(bootstrap):
    """The numbers of the visits of each visitor that were greeted, in the order of the log."""
    counts = collections.defaultdict(list)
    for line in klamm("consume", "greetings", "--raw", "--bootstrap", bootstrap).split("\n"):
        if not line:
            continue
        # With a registry the id of the schema stands before the JSON.
        greeting = json.loads(line[line.index("{"):])
        counts[greeting["text"].split(", ")[1]].append(greeting["visits"])
    return dict(counts)
