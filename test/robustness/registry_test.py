"""The schema registry in the real process: many at once, numbers for ever, bad input."""
import http.client
import json
import re
import socket
import tempfile
import time
import unittest

from process import Broker
from registry_http import CONTENT_TYPE, Registry, record, subject_path

TOGETHER = 1000
WAIT_SECONDS = 20


def request(method, path, body=b"", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: klamm", f"Content-Type: {CONTENT_TYPE}",
             f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def registration(subject, schema):
    return request("POST", subject_path(subject, "/versions"),
                   json.dumps({"schema": schema}).encode())


def read_answer(connection):
    """(status, content type, body); (0, "", b"") when it was closed without an answer."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    except (http.client.BadStatusLine, ConnectionError):
        return 0, "", b""
    finally:
        answer.close()


def all_at_once(port, requests):
    """Opens a connection for each, sends all, and only then reads. -> [(status, answer)]"""
    connections = [socket.create_connection(("127.0.0.1", port), WAIT_SECONDS) for _ in requests]
    try:
        for connection, raw in zip(connections, requests):
            connection.sendall(raw)
        answers = []
        for connection in connections:
            status, _, body = read_answer(connection)
            answers.append((status, json.loads(body) if body else None))
        return answers
    finally:
        for connection in connections:
            connection.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.start()

    def start(self):
        self.broker = Broker(self.directory.name + "/data")
        self.registry = Registry(self.broker.http_port)

    def restart(self):
        self.stop()
        self.start()

    def stop(self):
        self.registry.__exit__()
        self.broker.kill()
        self.broker.__exit__()

    def tearDown(self):
        self.stop()
        self.directory.cleanup()


class Together(Case):
    def test_identical_registrations_at_once_give_one_id_and_one_version(self):
        answers = all_at_once(self.broker.http_port, [registration("s", record("a"))] * TOGETHER)
        self.assertEqual({status for status, _ in answers}, {200})
        self.assertEqual({answer["id"] for _, answer in answers}, {1})
        self.assertEqual(self.registry.versions("s"), {1: 1})
        self.assertEqual(self.registry.register("s", record("a", "b")), 2)

    def test_one_schema_under_many_subjects_at_once_has_one_id(self):
        answers = all_at_once(self.broker.http_port,
                              [registration(f"s{n}", record("a")) for n in range(TOGETHER)])
        self.assertEqual({(status, answer.get("id")) for status, answer in answers}, {(200, 1)})
        self.assertEqual(len(self.registry.ok("GET", "/subjects")), TOGETHER)
        self.restart()
        self.assertEqual(len(self.registry.ok("GET", "/schemas/ids/1/subjects")), TOGETHER)

    def test_different_schemas_at_once_have_an_id_and_a_version_each(self):
        schemas = [record(f"f{n}") for n in range(200)]
        answers = all_at_once(self.broker.http_port, [registration("s", s) for s in schemas])
        ids = [answer["id"] for _, answer in answers]
        self.assertEqual(sorted(ids), list(range(1, len(schemas) + 1)))
        self.assertEqual(sorted(self.registry.versions("s")), list(range(1, len(schemas) + 1)))
        self.restart()
        for schema, number in zip(schemas, ids):
            kept = json.loads(self.registry.ok("GET", f"/schemas/ids/{number}")["schema"])
            self.assertEqual(kept, json.loads(schema))


class Numbers(Case):
    def test_deleted_numbers_are_never_given_again_also_after_a_kill(self):
        for number, fields in enumerate(["a", "ab", "abc"], start=1):
            self.assertEqual(self.registry.register("s", record(*fields)), number)
        self.registry.ok("DELETE", subject_path("s", "/versions/3"))
        self.registry.ok("DELETE", subject_path("s", "/versions/3?permanent=true"))
        self.restart()
        self.assertEqual(self.registry.register("s", record(*"abcd")), 4)
        self.assertEqual(self.registry.versions("s"), {1: 1, 2: 2, 4: 4})
        self.registry.ok("DELETE", subject_path("s"))
        self.assertEqual(self.registry.register("s", record("a")), 1)
        self.assertEqual(self.registry.versions("s"), {5: 1})
        self.registry.ok("DELETE", subject_path("s"))
        self.registry.ok("DELETE", subject_path("s", "?permanent=true"))
        self.assertEqual(self.registry.call("GET", "/schemas/ids/4")[0], 404)
        self.restart()
        self.assertEqual(self.registry.register("other", record("z")), 5)


# What is sent, the statuses that it may have (0: closed without an answer), what it is.
BAD_HTTP = (
    (b"\x00\x01\x02\x03\r\n\r\n", {0, 400}, "no HTTP"),
    (b"GET /subjects HTTP/9.9\r\n\r\n", {0, 400, 505}, "an unknown version"),
    (b"GET /subjects\r\n\r\n", {0, 400}, "no version"),
    (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: k\r\n\r\n", {0, 400, 414, 431}, "a long path"),
    (request("GET", "/subjects", headers=["X-Much: " + "y" * 200_000]), {0, 400, 431}, "headers"),
    (b"POST /subjects/s/versions HTTP/1.1\r\nHost: k\r\nContent-Length: -5\r\n\r\n", {0, 400},
     "a negative length"),
    (b"POST /subjects/s/versions HTTP/1.1\r\nHost: k\r\nContent-Length: 999999999999999\r\n\r\n{",
     {0, 400, 413}, "an endless body"),
    (b"POST /subjects/s/versions HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     {0, 400}, "a bad chunk"),
    (request("BREW", "/subjects"), {405, 400, 501}, "an unknown method"),
    (request("GET", "/subjects/%zz/versions"), {400, 404}, "a bad escape"),
)

BAD_JSON = (
    (b"", {422}, "no body"),
    (b"{", {400}, "half an object"),
    (b"[]", {400, 422}, "an array"),
    (b"null", {422}, "null"),
    (b'{"schema": 5}', {400, 422}, "a schema that is a number"),
    (b'{"schema": "{\\"type\\":"}', {422}, "a schema that is half an object"),
    (b'{"schema": "\xff\xfe"}', {400, 422}, "no UTF-8"),
    (b'{"schema": "\\ud800"}', {400, 422}, "half a surrogate pair"),
    (b"[" * 100_000 + b"]" * 100_000, {400, 422}, "deep nesting"),
    (b'{"schema":' + json.dumps("[" * 100_000 + "]" * 100_000).encode() + b"}", {422},
     "deep nesting inside"),
    (b'{"schema":"\\"int\\"","schemaType":"XML"}', {422}, "an unknown type"),
    (b'{"schema":"\\"int\\"","references":[{"name":"a","subject":"b","version":1}]}', {422},
     "a reference to nothing"),
    (b'{"schema":"\\"int\\"","references":7}', {400, 422}, "references that are a number"),
)


def web(levels):
    """A JSON Schema whose every level may be the next one in three ways."""
    next_of = lambda n: {"$ref": f"#/definitions/d{n + 1}"}
    definitions = {f"d{n}": {"anyOf": [{"type": "object", "properties": {"a": next_of(n)}},
                                       {"type": "object", "properties": {"b": next_of(n)}},
                                       next_of(n)]} for n in range(levels)}
    return {"definitions": definitions | {f"d{levels}": {"type": "integer"}},
            "$ref": "#/definitions/d0"}


def crossing(count):
    """A JSON Schema of definitions that all refer to all."""
    refers = lambda n: {"type": "object", "required": [f"k{n}"], "additionalProperties": False,
                        "properties": {f"k{n}": {"$ref": f"#/definitions/d{n}"}}}
    return {"definitions": {f"d{n}": {"oneOf": [refers(m) for m in range(count)]}
                            for n in range(count)}, "$ref": "#/definitions/d0"}


# Schemas of one subject, one after the other: taken or refused, but soon.
HOSTILE = (
    ("JSON", [web(30), web(31)]), ("JSON", [crossing(40), crossing(41)]),
    ("JSON", [{"$ref": "#"}]), ("JSON", [{"type": "string", "pattern": "(a+)+$"}]),
    ("JSON", [{"$ref": "http://127.0.0.1:1/remote.json"}]),
    ("AVRO", ['{"type":"array","items":' * 5000 + '"int"' + "}" * 5000]),
    ("AVRO", [{"type": "record", "name": "r", "fields": [
        {"name": f"f{n}", "type": kind, "default": 0} for n in range(5_000)]}
        for kind in ("int", "long")]),
    ("PROTOBUF", ['syntax="proto3";' + "message M {" * 5000 + "}" * 5000]),
    ("PROTOBUF", ['syntax="proto3";' + "".join(
        f"message M{n} {{" + "".join(f"M{m} a{m}={m + 1};" for m in range(size)) + "}"
        for n in range(size)) for size in (40, 41)]),
)


class BadInput(Case):
    def send(self, raw):
        with socket.create_connection(("127.0.0.1", self.broker.http_port), WAIT_SECONDS) as peer:
            try:
                peer.sendall(raw)
            except ConnectionError:
                pass  # it need not read to the end
            return read_answer(peer)

    def assert_clean(self, answer, statuses, what):
        status, content_type, body = answer
        self.assertIn(status, statuses, f"{what}: {body[:300]}")
        if status and content_type.startswith("application/vnd.schemaregistry"):
            error = json.loads(body)
            self.assertEqual(str(error["error_code"])[:3], str(status), what)
            self.assertTrue(error["message"], what)
        self.assertEqual(self.registry.ok("GET", "/subjects"), [], f"after {what}")

    def test_bad_http_is_refused_and_others_are_served(self):
        for raw, statuses, what in BAD_HTTP:
            self.assert_clean(self.send(raw), statuses, what)
        self.assertEqual(self.broker.get("/healthz")[0], 200)

    def test_bad_json_is_refused_with_a_code_and_others_are_served(self):
        for body, statuses, what in BAD_JSON:
            answer = self.send(request("POST", "/subjects/s/versions", body))
            self.assert_clean(answer, statuses, what)
            self.assertTrue(json.loads(answer[2])["error_code"], what)
        self.assertEqual(self.broker.get("/healthz")[0], 200)

    def test_hostile_schemas_are_judged_soon_and_others_are_served(self):
        for number, (kind, schemas) in enumerate(HOSTILE):
            for schema in schemas:
                text = schema if isinstance(schema, str) else json.dumps(schema)
                status, answer = self.registry.call(
                    "POST", subject_path(f"s{number}", "/versions"),
                    {"schema": text, "schemaType": kind})
                self.assertIn(status, {200, 409, 422}, f"{text[:100]}: {answer}")
        self.assertEqual(self.broker.get("/healthz")[0], 200)

    def test_unknown_paths_methods_and_types_have_codes(self):
        get = lambda path, *headers: self.send(request("GET", path, headers=headers))
        for answer, status in ((get("/subjects/s/colours"), 404),
                               (self.send(request("PUT", "/subjects")), 405),
                               (get("/subjects", "Accept: image/png"), 406)):
            self.assertEqual(answer[0], status, answer)
            self.assertEqual(json.loads(answer[2])["error_code"], status)
        raw = b"POST /subjects/s/versions HTTP/1.1\r\nHost: k\r\nContent-Type: text/xml\r\n" \
              b"Content-Length: 2\r\n\r\n{}"
        self.assertEqual(self.send(raw)[0], 415)

    def test_requests_that_never_end_and_answers_that_are_not_read_hold_up_nobody(self):
        address = ("127.0.0.1", self.broker.http_port)
        silent = [socket.create_connection(address, WAIT_SECONDS) for _ in range(50)]
        for peer in silent[:25]:
            peer.sendall(b"POST /subjects/s/versions HTTP/1.1\r\nHost: k\r\nContent-Length: 100\r\n\r\n{")
        for peer in silent[25:]:
            peer.setblocking(False)
            try:
                while peer.send(request("GET", "/subjects") * 100):
                    pass
            except (BlockingIOError, ConnectionError):
                pass
        began = time.monotonic()
        self.assertEqual(self.registry.register("s", record("a")), 1)
        self.assertLess(time.monotonic() - began, WAIT_SECONDS)
        for peer in silent:
            peer.close()
        self.assertEqual(self.registry.versions("s"), {1: 1})

    def test_requests_sent_before_answers_are_answered_in_order(self):
        with socket.create_connection(("127.0.0.1", self.broker.http_port), WAIT_SECONDS) as peer:
            paths = ["/schemas/types", "/subjects", "/schemas/ids/7", "/contexts"] * 5
            peer.sendall(b"".join(request("GET", path) for path in paths))
            wanted = [200, 200, 404, 200] * 5
            received, deadline = b"", time.monotonic() + WAIT_SECONDS
            while len(re.findall(rb"HTTP/1.1 \d", received)) < len(wanted):
                self.assertLess(time.monotonic(), deadline, received)
                received += peer.recv(65536)
            statuses = [int(s) for s in re.findall(rb"HTTP/1.1 (\d+)", received)]
            self.assertEqual(statuses, wanted)


if __name__ == "__main__":
    unittest.main(verbosity=2)
