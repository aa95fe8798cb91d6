"""Contracts in AsyncAPI documents against a real broker with its registry: what holds, and what does not."""
import json
import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest
import urllib.request

from process import BINARY, Broker

AVRO = "application/vnd.apache.avro"
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.broker = Broker(cls.directory.name + "/data")

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()
        cls.directory.cleanup()

    def run_klamm(self, *arguments, stdin=""):
        return subprocess.run([BINARY, *arguments], input=stdin.encode(), capture_output=True, timeout=60,
                              cwd=self.directory.name,
                              env={**os.environ, "KLAMM_BOOTSTRAP": f"127.0.0.1:{self.broker.port}",
                                   "KLAMM_REGISTRY": f"http://127.0.0.1:{self.broker.http_port}"})

    def check(self, *arguments, code):
        """The one document's answer."""
        done = self.run_klamm("check", "--json", *arguments)
        self.assertEqual(done.returncode, code, done.stderr.decode() + done.stdout.decode())
        [answer] = json.loads(done.stdout)
        return answer

    def register(self, subject, schema, kind="AVRO"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.broker.http_port}/subjects/{subject}/versions", method="POST",
            data=json.dumps({"schema": json.dumps(schema), "schemaType": kind}).encode(),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def write(self, name, action, schema, schema_format=AVRO, topic="orders"):
        document = textwrap.dedent(f"""\
            asyncapi: 3.0.0
            info: {{title: Shop, version: 1.0.0}}
            channels:
              {topic}:
                messages:
                  placed:
                    payload:
                      schemaFormat: {schema_format}
                      schema: {json.dumps(schema)}
            operations:
              work: {{action: {action}, channel: {{$ref: '#/channels/{topic}'}}}}
            """)
        (pathlib.Path(self.directory.name) / name).write_text(document)
        return name

    def test_what_is_not_registered_is_a_warning_unless_it_must_be(self):
        document = self.write("new.yaml", "send", ORDER, topic="unheard")
        self.assertEqual([f["severity"] for f in self.check(document, code=0)["findings"]], ["warning"])
        self.assertEqual([f["severity"] for f in self.check(document, "--strict", code=1)["findings"]], ["error"])

    def test_a_receiver_reads_all_versions_and_a_sender_is_read_by_the_newest(self):
        more = {**ORDER, "fields": ORDER["fields"] + [{"name": "note", "type": "string", "default": ""}]}
        self.register("orders-value", ORDER)
        self.register("orders-value", more)
        self.assertEqual(self.check(self.write("old.yaml", "receive", ORDER), code=0)["holds"],
                         ["work receives placed and reads all 2 versions of orders-value"])
        self.assertEqual(self.check(self.write("sends.yaml", "send", ORDER), code=0)["holds"],
                         ["work sends placed, which version 2 of orders-value reads"])
        strict = {**ORDER, "fields": ORDER["fields"] + [{"name": "note", "type": "string"}]}
        [finding] = self.check(self.write("needs.yaml", "receive", strict), code=1)["findings"]
        self.assertEqual((finding["kind"], finding["line"]), ("incompatible", 9))
        self.assertIn("version 1 of orders-value", finding["where"])
        self.assertIn("READER_FIELD_MISSING_DEFAULT_VALUE", finding["why"])

    def test_records_that_do_not_obey_are_named(self):
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
        document = self.write("live.yaml", "receive", schema, "application/schema+json", topic="plain")
        self.assertEqual(self.run_klamm("topic", "create", "plain").returncode, 0)
        self.assertEqual(self.run_klamm("produce", "plain", stdin='{"id":1}\n{"id":2}\n').returncode, 0)
        self.assertIn("the last 2 records of plain obey", self.check(document, "--live", code=0)["holds"])
        self.assertEqual(self.run_klamm("produce", "plain", stdin='{"id":"three"}\n').returncode, 0)
        records = [f for f in self.check(document, "--live", code=1)["findings"] if f["kind"] == "record"]
        self.assertEqual([f["where"] for f in records], ["plain, partition 0, offset 2"])
        self.assertIn("/id", records[0]["why"])
        self.assertEqual(len(self.check(document, "--live", "--last", "1", code=1)["findings"]), 2)

    def test_a_document_that_is_wrong_is_told_where(self):
        (pathlib.Path(self.directory.name) / "wrong.yaml").write_text(
            "asyncapi: 3.0.0\ninfo: {title: T, version: '1'}\nchanels: {}\n")
        [finding] = self.check("wrong.yaml", "--offline", code=1)["findings"]
        self.assertEqual((finding["kind"], finding["line"]), ("document", 3))
        self.assertIn("chanels", finding["why"])


if __name__ == "__main__":
    unittest.main()
