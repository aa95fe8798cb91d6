"""Programs as processes: any of them, and the real broker."""
import http.client
import json
import os
import re
import resource
import select
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import wire

BINARY = os.environ.get("KLAMM", os.path.join(os.path.dirname(__file__), "../../build/klamm"))
READY = re.compile(r"^klamm ready kafka=(\S+):(\d+) http=(\S+):(\d+) data=(.*) in (\d+) ms$")


JSON = "application/vnd.schemaregistry.v1+json"


def ask(port, method, path, body=None):
    """Status and answer of an HTTP request, read as JSON where it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": JSON})
        answer = connection.getresponse()
        data = answer.read().decode()
        return answer.status, json.loads(data) if "json" in answer.headers["Content-Type"] else data
    finally:
        connection.close()


class NotReady(Exception):
    """The broker ended instead of saying that it is ready."""

    def __init__(self, code, stderr):
        super().__init__(f"exit code {code}: {stderr}")
        self.code, self.stderr = code, stderr


class Process:
    """Says on stdout that it is ready; ends, one way or another, with its `with` block."""
    stop_seconds = 30

    def __init__(self, command, **more):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.log.close()

    def first_line(self, seconds):
        """Empty: it has ended."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return "no ready line"
        line = self.process.stdout.readline().decode().rstrip("\n")
        if not line:
            self.process.wait(seconds)
        return line

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """The exit code after SIGTERM."""
        self.process.terminate()
        return self.process.wait(self.stop_seconds)

    def stderr(self):
        self.log.seek(0)
        return self.log.read().decode()


class Broker(Process):
    """On ports that the kernel chooses."""

    def __init__(self, data, *flags, listen="127.0.0.1:0", limits=()):
        command = [BINARY, "serve", "--listen", listen, "--http", "127.0.0.1:0", "--data", str(data), *flags]

        def limit():
            for which, value in limits:
                resource.setrlimit(which, value)

        super().__init__(command, preexec_fn=limit if limits else None)
        line = self.first_line(60)
        match = READY.match(line)
        if not match:
            self.kill()
            refused = NotReady(self.process.returncode, line + self.stderr())
            self.__exit__()
            raise refused
        self.port, self.http_port = int(match[2]), int(match[4])
        self.start_ms = int(match[6])

    def client(self, timeout=20):
        return wire.Client(self.port, timeout)

    def ask(self, method, path, body=None):
        return ask(self.http_port, method, path, body)

    def wait_for_log(self, text, seconds=20):
        until = time.monotonic() + seconds
        while text not in self.stderr():
            assert time.monotonic() < until, f"'{text}' is not in the log:\n{self.stderr()}"
            time.sleep(0.02)

    def get(self, path):
        """(status, body)"""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.split(" ")[0] == name:
                return float(line.split(" ")[1])
        raise AssertionError(f"no metric {name}")
