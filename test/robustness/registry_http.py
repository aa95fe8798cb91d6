"""The schema registry by HTTP, with the standard library alone."""
import http.client
import json
from urllib.parse import quote

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


def record(*fields):
    """An Avro schema of optional numbers: any two of these are compatible both ways."""
    return json.dumps({"type": "record", "name": "Sighting", "fields": [
        {"name": name, "type": "int", "default": 0} for name in fields]})


def subject_path(subject, rest=""):
    return f"/subjects/{quote(subject, safe='')}{rest}"


class Registry:
    """One connection that is kept; calls raise OSError or HTTPException when it breaks."""

    def __init__(self, port, timeout=20):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method, path, body=None):
        """(status, answer)"""
        raw = None if body is None else json.dumps(body).encode()
        self.connection.request(method, path, raw, {"Content-Type": CONTENT_TYPE})
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def ok(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        assert status == 200, f"{method} {path}: {status} {answer}"
        return answer

    def register(self, subject, schema):
        return self.ok("POST", subject_path(subject, "/versions"), {"schema": schema})["id"]

    def versions(self, subject, deleted=False):
        """{version: id}, also of deleted ones if asked; empty for an unknown subject."""
        flag = str(deleted).lower()
        status, numbers = self.call("GET", subject_path(subject, f"/versions?deleted={flag}"))
        if status == 404:
            return {}
        assert status == 200, f"versions of {subject}: {status} {numbers}"
        return {n: self.ok("GET", subject_path(subject, f"/versions/{n}?deleted={flag}"))["id"]
                for n in numbers}
