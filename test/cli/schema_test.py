"""klamm schema, and payloads with schemas, against brokers: what is printed, and how it ends."""
import base64
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from process import BINARY, Broker

ORDER = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}
EMAIL = {"name": "email", "type": "string"}
CITY = {"name": "city", "type": "string"}


def with_fields(*fields):
    return {**ORDER, "fields": [*ORDER["fields"], *fields]}


class World:
    """A broker with a registry, a directory, and the program."""

    def __init__(self, test):
        self.test = test
        self.directory = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory()))
        self.broker = test.enterContext(Broker(self.directory / "data", "--memory"))
        self.url = f"http://127.0.0.1:{self.broker.http_port}"
        self.stderr = ""

    def write(self, name, content):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return str(path)

    def run(self, *arguments, stdin="", code=0, **env):
        done = subprocess.run([BINARY, *arguments], input=stdin.encode(), capture_output=True, timeout=60,
                              cwd=self.directory, check=False,
                              env={**os.environ, "KLAMM_BOOTSTRAP": f"127.0.0.1:{self.broker.port}",
                                   "KLAMM_REGISTRY": self.url, **env})
        self.stderr = done.stderr.decode()
        if code is not None:
            self.test.assertEqual(done.returncode, code, done.stdout.decode() + self.stderr)
        return done.stdout.decode()

    def document(self, *arguments, **more):
        return json.loads(self.run(*arguments, "--json", **more))

    def register(self, subject, content, name="schema.avsc", **more):
        return self.document("schema", "register", subject, self.write(name, content), **more)


class Subjects(unittest.TestCase):
    def setUp(self):
        self.it = World(self)

    def test_a_subject_from_its_first_version_to_its_end(self):
        it = self.it
        self.assertEqual(it.register("orders-value", ORDER), {"subject": "orders-value", "version": 1, "id": 1})
        self.assertEqual(it.register("orders-value", ORDER), {"subject": "orders-value", "version": 1, "id": 1})
        it.register("orders-value", with_fields({**EMAIL, "default": ""}))
        self.assertEqual([(row["version"], row["id"]) for row in it.document("schema", "list", "orders-value")],
                         [(1, 1), (2, 2)])
        self.assertEqual(json.loads(it.run("schema", "show", "orders-value:1"))["fields"], ORDER["fields"])
        self.assertEqual(it.document("schema", "show", "orders-value", "--version", "2")["id"], 2)
        self.assertEqual(json.loads(it.run("schema", "show", "--id", "1")), ORDER)
        it.run("schema", "show", "--id", "99", code=1)
        it.run("schema", "show", code=2)
        self.assertIn("orders-value", it.run("schema", "list"))
        it.run("schema", "delete", "orders-value", "--permanent", code=1)
        self.assertIn("without --permanent first", it.stderr)
        self.assertEqual(it.run("schema", "delete", "orders-value"), "deleted versions 1, 2 of orders-value\n")
        self.assertEqual(it.document("schema", "list"), [])
        self.assertEqual([row["deleted"] for row in it.document("schema", "list", "orders-value", "--deleted")],
                         [True, True])
        it.run("schema", "delete", "orders-value", "--permanent")
        self.assertEqual(it.document("schema", "list", "--deleted"), [])

    def test_what_is_not_there_is_said(self):
        it = self.it
        it.run("schema", "show", "nope", code=1)
        self.assertIn("there is no subject nope", it.stderr)
        it.register("s", ORDER)
        it.run("schema", "show", "s:7", code=1)
        self.assertIn("s has no version 7", it.stderr)
        it.run("schema", "list", "nope", code=1)
        it.run("schema", "delete", "nope", code=1)
        it.run("schema", "register", "s", "nowhere.avsc", code=1)
        it.run("schema", "register", "s", it.write("schema.txt", "{}"), code=2)
        self.assertIn("--type", it.stderr)
        it.run("schema", "register", "s", it.write("bad.avsc", {"type": "recrod"}), code=1)
        self.assertIn("42201", it.stderr)
        it.run("schema", "list", code=1, KLAMM_REGISTRY="http://127.0.0.1:1")
        self.assertIn("klamm serve", it.stderr)
        it.run("schema", "list", code=2, KLAMM_REGISTRY="ftp://127.0.0.1:1")
        it.run("schema", code=2)

    def test_settings_are_shown_and_set(self):
        it = self.it
        self.assertEqual(it.document("schema", "config")["compatibilityLevel"], "BACKWARD")
        it.run("schema", "config", "s", "--level", "full_transitive", "--normalize", "true")
        self.assertEqual(it.document("schema", "config", "s")["compatibilityLevel"], "FULL_TRANSITIVE")
        self.assertIn("own", it.run("schema", "config", "s"))
        it.run("schema", "config", "s", "--unset")
        self.assertEqual(it.document("schema", "config", "s")["compatibilityLevel"], "BACKWARD")
        it.run("schema", "config", "s", "--level", "sideways", code=2)
        it.run("schema", "config", "s", "--level", "FULL", "--unset", code=2)

    def test_references_are_registered_by_name(self):
        it = self.it
        it.register("city", 'syntax = "proto3";\npackage shop;\nmessage City { string name = 1; }\n', "city.proto")
        order = 'syntax = "proto3";\npackage shop;\nimport "city.proto";\nmessage Order { City city = 1; }\n'
        path = it.write("order.proto", order)
        it.run("schema", "register", "orders-value", path, code=1)
        it.run("schema", "register", "orders-value", path, "--reference", "city.proto=city:1")
        self.assertEqual(it.document("schema", "show", "orders-value")["references"],
                         [{"name": "city.proto", "subject": "city", "version": 1}])
        it.run("schema", "check", path, "--subject", "orders-value")
        it.run("schema", "register", "orders-value", path, "--reference", "city.proto", code=2)

    def test_a_name_and_password_go_along_and_are_never_shown(self):
        class Guarded(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = "Basic " + base64.b64encode(b"ann:s3cret").decode()
                status = 200 if self.headers.get("Authorization") == wanted else 401
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"[]")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        place = f"127.0.0.1:{server.server_port}"
        self.it.run("schema", "list", "--registry", f"http://ann:s3cret@{place}")
        self.it.run("schema", "list", "--registry", f"http://{place}", "--user", "ann:s3cret")
        self.it.run("schema", "list", "--registry", f"http://ann:wrong-s3cret@{place}", code=1)
        self.assertNotIn("s3cret", self.it.stderr)
        self.assertIn("--user", self.it.stderr)


class Check(unittest.TestCase):
    def setUp(self):
        self.it = World(self)
        self.it.register("orders-value", ORDER)

    def test_what_may_be_registered_passes(self):
        it = self.it
        path = it.write("orders-value.avsc", with_fields({**EMAIL, "default": ""}))
        [result] = it.document("schema", "check", path)["results"]
        self.assertEqual((result["subject"], result["status"]), ("orders-value", "compatible"))
        it.run("schema", "check", it.write("new-value.avsc", ORDER))
        self.assertEqual([row["subject"] for row in it.document("schema", "list")], ["orders-value"])

    def test_a_refusal_says_what_breaks_and_each_mend_passes(self):
        it = self.it
        path = it.write("order.avsc", with_fields(EMAIL))
        document = it.document("schema", "check", path, "--subject", "orders-value", code=1)
        [finding] = document["results"][0]["explanation"]["findings"]
        self.assertEqual((finding["rule"], finding["path"], finding["breaks"], finding["versions"]),
                         ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/1", "new_readers", [1]))
        self.assertTrue(finding["mends"])
        for mend in finding["mends"]:
            it.run("schema", "check", it.write("mended.avsc", mend["schema"]), "--subject", "orders-value")
        it.run("schema", "register", "orders-value", path, code=1)
        self.assertIn(finding["mends"][0]["words"], it.stderr)

    def test_several_findings_are_mended_together_in_the_file(self):
        it = self.it
        path = it.write("orders-value.avsc", with_fields(EMAIL, CITY))
        text = it.run("schema", "check", path, code=1)
        self.assertIn("mended all together", text)
        it.run("schema", "check", path, "--mend")
        it.run("schema", "check", path)
        self.assertEqual(it.document("schema", "register", "orders-value", path)["version"], 2)

    def test_each_language_is_mended(self):
        it = self.it
        closed = {"type": "object", "properties": {"id": {"type": "integer"}}, "additionalProperties": False}
        it.register("json-value", closed, "json-value.json")
        more = {**closed, "properties": {**closed["properties"], "n": {"type": "integer"}}, "required": ["n"]}
        proto = 'syntax = "proto3";\nmessage M { int32 a = 1; string b = 2; }\n'
        it.register("proto-value", proto, "proto-value.proto")
        for name, content in (("json-value.json", more), ("proto-value.proto", proto.replace("string b", "int32 b"))):
            path = it.write(name, content)
            it.run("schema", "check", path, code=1)
            it.run("schema", "check", path, "--mend")
            it.run("schema", "check", path)

    def test_a_directory_as_sarif(self):
        it = self.it
        it.write("schemas/orders-value.avsc", with_fields(EMAIL))
        it.write("schemas/deep/new-value.json", {"type": "object"})
        it.write("schemas/.hidden/x.json", "no schema")
        document = json.loads(it.run("schema", "check", "schemas", "--sarif", code=1))
        self.assertEqual(document["version"], "2.1.0")
        [result] = document["runs"][0]["results"]
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "schemas/orders-value.avsc")
        self.assertGreater(place["region"]["startLine"], 1)
        self.assertTrue(result["fixes"])

    def test_a_level_of_its_own_and_wrong_use(self):
        it = self.it
        path = it.write("orders-value.avsc", with_fields(EMAIL))
        it.run("schema", "check", path, "--level", "FORWARD")
        it.run("schema", "check", path, "--level", "sideways", code=2)
        it.run("schema", "check", path, "--json", "--sarif", code=2)
        it.run("schema", "check", code=2)
        it.run("schema", "check", str(it.directory / "nowhere.avsc"), code=1)
        self.assertIn("no schema", it.run("schema", "check", it.write("bad.avsc", "{}"), code=1))

    def test_a_revision_of_git_is_the_history_without_a_registry(self):
        it = self.it
        it.write("repo/orders.avsc", ORDER)
        it.write("repo/common.proto", 'syntax = "proto3";\nmessage C { int32 c = 1; }\n')
        it.write("repo/uses.proto", 'syntax = "proto3";\nimport "common.proto";\nmessage U { C c = 1; }\n')
        git = ["git", "-C", str(it.directory / "repo"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
            subprocess.run(git + command, check=True)

        def check(*arguments, code=0):
            env = {key: value for key, value in os.environ.items() if key != "KLAMM_REGISTRY"}
            done = subprocess.run([BINARY, "schema", "check", *arguments], cwd=it.directory / "repo", env=env,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, code, done.stdout.decode() + done.stderr.decode())
            return done.stdout.decode()

        check("--git", "HEAD")
        it.write("repo/orders.avsc", with_fields(EMAIL))
        it.write("repo/common.proto", 'syntax = "proto3";\nmessage C { string c = 1; }\n')
        self.assertIn("data of HEAD", check("--git", "HEAD", code=1))
        check("orders.avsc", "--git", "HEAD", "--level", "FORWARD")
        check("--git", "no-such-revision", code=2)
        it.run("schema", "check", "--registry", it.url, "--git", "HEAD", "--subject", "orders.avsc=orders-value",
               "orders.avsc", code=2)  # outside of the repository

    def test_records_that_are_there_are_read_with_the_new_schema(self):
        it = self.it
        it.run("produce", "orders", "--schema", "orders-value", stdin='{"id": 1}\n{"id": 2}\n')
        it.run("produce", "orders", stdin="no schema\n")
        path = it.write("orders-value.avsc", with_fields({**EMAIL, "default": ""}))
        data = it.document("schema", "check", path, "--against-data", "10", code=1)["results"][0]["data"]
        self.assertEqual((data["checked"], data["failed"]), (3, 1))
        self.assertEqual((data["findings"][0]["offset"], data["findings"][0]["rule"]), (2, "framing"))
        it.run("produce", "good", "--schema", "orders-value", stdin='{"id": 1}\n')
        self.assertIn("reads the last 1 record of good", it.run("schema", "check", path, "--against-data", "5", "--topic", "good"))
        path = it.write("orders-value.avsc", with_fields(EMAIL))
        text = it.run("schema", "check", path, "--against-data", "5", "--topic", "good", "--level", "NONE", code=1)
        self.assertIn("good/0 offset 0 (schema 1): /email", text)

    def test_who_reads_now_is_said(self):
        it = self.it
        it.run("produce", "orders", "--schema", "orders-value", stdin='{"id": 1}\n{"id": 2}\n{"id": 3}\n')
        it.run("consume", "orders", "--group", "billing", "--count", "1")
        path = it.write("orders-value.avsc", with_fields(EMAIL))
        explanation = it.document("schema", "check", path, code=1)["results"][0]["explanation"]
        self.assertEqual([(reader["group"], reader["topic"], reader["lag"]) for reader in explanation["readers"]],
                         [("billing", "orders", 2)])
        self.assertIn("`billing` is 2 records behind in orders: it will meet old records.", explanation["notes"])

    def test_two_versions_are_compared_in_words_and_lines(self):
        it = self.it
        it.register("orders-value", with_fields({**EMAIL, "default": ""}))
        text = it.run("schema", "diff", "orders-value")
        self.assertIn("+++ orders-value:2", text)
        self.assertIn("+      \"name\": \"email\"", text)
        document = it.document("schema", "diff", "orders-value:2", it.write("order.avsc", ORDER))
        self.assertTrue(document["new_reads_old"] and document["old_reads_new"])
        self.assertIn("the same", it.run("schema", "diff", "orders-value:1", it.write("order.avsc", ORDER)))
        it.run("schema", "diff", "orders-value:1", "nowhere.avsc", code=2)
        it.run("schema", "diff", "nope", code=1)


class Moving(unittest.TestCase):
    def setUp(self):
        self.old, self.new = World(self), World(self)
        self.old.register("gone", ORDER)
        self.old.register("orders-value", ORDER)
        self.old.register("orders-value", with_fields({**EMAIL, "default": ""}))
        self.old.register(":.eu:orders-value", with_fields({**CITY, "default": ""}))
        self.old.run("schema", "delete", "gone")
        self.old.run("schema", "config", "orders-value", "--level", "FULL")

    def rows(self, world):
        return [(row["subject"], row["version"], row["id"], row["deleted"])
                for subject in ("gone", "orders-value", ":.eu:orders-value")
                for row in world.document("schema", "list", subject, "--deleted")]

    def test_a_file_keeps_ids_versions_settings_and_modes(self):
        path = str(self.old.directory / "all.jsonl")
        self.old.run("schema", "export", path)
        counts = self.new.document("schema", "import", path, "--dry-run")
        self.assertEqual((counts["imported"], counts["same"], counts["conflicts"]), (4, 0, []))
        self.assertEqual(self.new.document("schema", "list", "--deleted"), [])
        self.new.run("schema", "import", path)
        self.assertEqual(self.rows(self.new), self.rows(self.old))
        self.assertEqual(self.new.document("schema", "config", "orders-value"),
                         self.old.document("schema", "config", "orders-value"))
        counts = self.new.document("schema", "import", path)
        self.assertEqual((counts["imported"], counts["same"]), (0, 4))
        self.assertEqual(self.new.run("schema", "export"), self.old.run("schema", "export"))

    def test_a_running_registry_and_a_topic_are_sources_too(self):
        self.new.run("schema", "import", self.old.url)
        self.assertEqual(self.rows(self.new), self.rows(self.old))
        third = World(self)
        third.run("schema", "import", "--bootstrap", f"127.0.0.1:{self.old.broker.port}")
        self.assertEqual(self.rows(third), self.rows(self.old))
        third.run("schema", "import", code=2, KLAMM_BOOTSTRAP="")

    def test_numbers_that_name_something_else_stop_it_before_it_begins(self):
        self.new.register("other", with_fields({**CITY, "default": "x"}))
        counts = self.new.document("schema", "import", self.old.url, code=1)
        self.assertTrue(counts["conflicts"])
        self.assertEqual([row["subject"] for row in self.new.document("schema", "list")], ["other"])

    def test_modes_come_back_when_it_fails_in_the_middle(self):
        clash = {"subject": "zzz", "version": 1, "id": 1, "schema": json.dumps(with_fields(EMAIL))}
        line = json.dumps({"key": {"keytype": "SCHEMA", "subject": "zzz", "version": 1}, "value": clash})
        path = self.new.write("clash.jsonl", self.old.run("schema", "export") + line + "\n")
        self.new.run("schema", "import", path, code=1)
        self.assertIn("import version 1 of zzz", self.new.stderr)
        self.assertTrue(self.new.document("schema", "list"))
        for subject in ("orders-value", "zzz", ":.eu:orders-value"):
            self.assertEqual(self.new.document("schema", "config", subject)["mode"], "READWRITE")
        self.new.run("schema", "import", self.new.write("no.jsonl", "nonsense\n"), code=1)
        self.assertIn("no.jsonl:1", self.new.stderr)


class Payloads(unittest.TestCase):
    def setUp(self):
        self.it = World(self)

    def round_trip(self, topic, schema, name, lines, *flags):
        it = self.it
        text = "".join(json.dumps(line) + "\n" for line in lines)
        it.run("produce", topic, "--schema", it.write(name, schema), "--register", *flags, stdin=text)
        records = [json.loads(line) for line in it.run("consume", topic, "--decode", "--json").splitlines()]
        self.assertEqual([record["value"] for record in records], lines)
        self.assertTrue(all(record["value_schema"] for record in records))
        raw = it.run("consume", topic, "--decode", "--raw").splitlines()
        self.assertEqual([json.loads(line) for line in raw], lines)

    def test_three_languages_go_through_a_topic(self):
        self.round_trip("avro", with_fields({**EMAIL, "default": ""}), "a.avsc", [{"id": 1, "email": "x@example.org"}])
        self.round_trip("json", {"type": "object", "required": ["id"]}, "j.json", [{"id": 1}, {"id": [2.5, None]}])
        proto = 'syntax = "proto3";\nmessage A { int32 a = 1; }\nmessage B { message C { string s = 1; } }\n'
        self.round_trip("proto", proto, "p.proto", [{"s": "inner"}], "--message", "B.C")

    def test_what_cannot_be_decoded_is_shown_with_the_reason(self):
        it = self.it
        it.run("produce", "mixed", stdin="plain\n")
        it.run("produce", "mixed", "--schema", it.write("a.avsc", ORDER), "--register", "-k", "key",
               stdin='{"id": 5}\n')
        plain, good = [json.loads(line) for line in it.run("consume", "mixed", "--decode", "--json").splitlines()]
        self.assertEqual(plain["value"], "plain")
        self.assertIn("0x70", plain["value_error"])
        self.assertEqual((good["key"], good["value"], good["value_schema"]), ("key", {"id": 5}, "1"))
        self.assertIn('{"id":5}', it.run("consume", "mixed", "--decode"))

    def test_a_record_that_the_broker_refuses_is_explained(self):
        it = self.it
        it.register("strict-value", ORDER)
        it.register("other-value", with_fields(EMAIL))
        it.run("topic", "create", "strict", "--config", "klamm.schema.validation=payload")
        it.run("produce", "strict", stdin="hello\n", code=1)
        self.assertIn("the first byte is 0x68", it.stderr)
        it.run("produce", "strict", "--schema", "other-value", stdin='{"id": 1, "email": "e"}\n', code=1)
        self.assertIn("may not be one of the topic's subject", it.stderr)
        it.run("produce", "strict", "--schema", "strict-value", stdin='{"id": 1}\n')
        self.assertEqual(it.run("consume", "strict", "--decode", "--raw"), '{"id":1}\n')

    def test_a_line_that_does_not_obey_stops_with_its_number_and_path(self):
        it = self.it
        it.register("t-value", ORDER)
        it.run("produce", "t", "--schema", "t-value", stdin='{"id": 1}\n{"id": "x"}\n', code=1)
        self.assertIn("stdin:2: /id", it.stderr)
        it.run("produce", "t", "--schema", it.write("b.avsc", with_fields(EMAIL)), stdin="{}\n", code=1)
        self.assertIn("--register", it.stderr)
        it.run("produce", "t", "--schema", "nowhere.avsc", code=2)
        it.run("produce", "t", "--schema", "t-value", "--register", code=2)
        it.run("produce", "t", "--register", code=2)
        it.run("produce", "t", "--schema", "t-value", "--message", "M", code=2)
        it.run("produce", "t", "--schema", "t-value", "--count", "5", code=2)


if __name__ == "__main__":
    unittest.main()
