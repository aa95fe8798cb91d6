"""The registry as confluent_kafka.schema_registry.SchemaRegistryClient shows it."""

import json
import urllib.error
import urllib.request

from client_steps import expect
from confluent_kafka.schema_registry import (ConfigCompatibilityLevel, Metadata,
                                             MetadataProperties, Rule, RuleKind, RuleMode,
                                             RuleParams, RuleSet, Schema, SchemaReference,
                                             SchemaRegistryClient, ServerConfig)
from confluent_kafka.schema_registry.error import SchemaRegistryError


def record(name, *fields):
    return json.dumps({"type": "record", "name": name, "namespace": "gorge",
                       "fields": list(fields)})


FLIGHT = {"name": "flight", "type": "string"}
HEIGHT = {"name": "height", "type": "int"}
HEIGHT_OR_ZERO = HEIGHT | {"default": 0}
FIRST = record("Sighting", FLIGHT)
SECOND = record("Sighting", FLIGHT, HEIGHT_OR_ZERO)
INCOMPATIBLE = record("Sighting", FLIGHT, HEIGHT)


def refused(status, code, text, function):
    """Runs what the registry must refuse; the result is the error."""
    try:
        got = function()
    except SchemaRegistryError as error:
        expect((error.http_status_code, error.error_code) == (status, code),
               f"wanted {status} {code}, got {error}")
        expect(text in error.error_message, f"{text!r} is not in: {error.error_message}")
        return error
    raise AssertionError(f"wanted {status} {code}, got {got}")


class Api:
    def __init__(self, url, prefix):
        self.url, self.prefix = url, prefix

    def client(self):
        """A new one each time: a client keeps what it has seen, and this asks the registry."""
        return SchemaRegistryClient({"url": self.url})

    def subject(self, name):
        # A slash and a colon are legal in subjects, and arrive percent-encoded.
        return f"{self.prefix}/{name}:value"

    def raw(self, method, path, body=None):
        """What the client has no function for. -> (status, answer)"""
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def register(self):
        subject = self.subject("register")
        types = self.client().get_schema_types()
        expect(sorted(types) == ["AVRO", "JSON", "PROTOBUF"], f"types {types}")
        registered = self.client().register_schema_full_response(subject, Schema(FIRST, "AVRO"))
        schema_id = registered.schema_id
        again = self.client().register_schema(subject, Schema(FIRST, "AVRO"))
        elsewhere = self.client().register_schema(subject + "-2", Schema(FIRST, "AVRO"))
        expect(schema_id == again == elsewhere, f"ids {schema_id}, {again}, {elsewhere}")
        schema = self.client().get_schema(schema_id)
        expect(json.loads(schema.schema_str) == json.loads(FIRST), f"text {schema.schema_str}")
        expect(schema.schema_type == "AVRO", f"type {schema.schema_type}")
        expect(self.client().get_schema(schema_id, subject).schema_str == schema.schema_str,
               "another text when asked with the subject")
        found = self.client().lookup_schema(subject, Schema(FIRST, "AVRO"))
        expect((found.subject, found.version, found.schema_id) == (subject, 1, schema_id),
               f"looked up as {found}")
        # Other programs may have registered the same.
        subjects = set(self.client().get_subjects_by_schema_id(schema_id))
        expect({subject, subject + "-2"} <= subjects, f"subjects of the id {subjects}")
        versions = {(v.subject, v.version) for v in self.client().get_schema_versions(schema_id)}
        expect({(subject, 1), (subject + "-2", 1)} <= versions, f"versions of the id {versions}")
        expect(subject in self.client().get_subjects(), "the subject is not listed")
        by_prefix = self.client().get_subjects(subject_prefix=subject)
        expect(sorted(by_prefix) == [subject, subject + "-2"], f"by prefix {by_prefix}")
        by_guid = self.client().get_schema_by_guid(found.guid)
        expect(by_guid.schema_str == schema.schema_str, f"by guid {by_guid}")
        return f"one id for two subjects, guid {found.guid}"

    def evolve(self):
        subject, client = self.subject("evolve"), self.client()
        expect(client.test_compatibility(subject, Schema(FIRST, "AVRO")), "no subject yet: true")
        first = client.register_schema(subject, Schema(FIRST, "AVRO"))
        expect(client.test_compatibility(subject, Schema(SECOND, "AVRO")), "not compatible")
        expect(client.test_compatibility_all_versions(subject, Schema(SECOND, "AVRO")),
               "not compatible with all")
        second = client.register_schema(subject, Schema(SECOND, "AVRO"))
        expect(second > first, f"id {second} after {first}")
        expect(client.get_versions(subject) == [1, 2], "versions")
        latest = self.client().get_latest_version(subject)
        expect((latest.version, latest.schema_id) == (2, second), f"latest {latest}")
        one = self.client().get_version(subject, 1)
        expect((one.version, one.schema_id) == (1, first), f"version 1 {one}")
        return f"ids {first} and {second}"

    def refuse(self):
        subject, client = self.subject("refuse"), self.client()
        client.register_schema(subject, Schema(FIRST, "AVRO"))
        bad = Schema(INCOMPATIBLE, "AVRO")
        expect(client.test_compatibility(subject, bad) is False, "said to be compatible")
        error = refused(409, 409, f'incompatible with an earlier schema for subject "{subject}"',
                        lambda: client.register_schema(subject, bad))
        for part in ("READER_FIELD_MISSING_DEFAULT_VALUE", "'height'", "/fields/1",
                     "oldSchemaVersion: 1"):
            expect(part in error.error_message, f"{part} is not in: {error.error_message}")
        refused(422, 42201, "", lambda: client.register_schema(
            subject, Schema('{"type":"record","name":"x"}', "AVRO")))
        refused(422, 42201, "", lambda: client.register_schema(
            subject, Schema(record("x", HEIGHT | {"default": "high"}), "AVRO")))
        expect(client.get_versions(subject) == [1], "a refused schema got a version")
        return error.error_message

    def errors(self):
        subject, client = self.subject("errors"), self.client()
        refused(404, 40401, f"Subject '{subject}' not found.", lambda: client.get_versions(subject))
        refused(404, 40401, "", lambda: client.lookup_schema(subject, Schema(FIRST, "AVRO")))
        client.register_schema(subject, Schema(FIRST, "AVRO"))
        refused(404, 40402, "Version 7 not found.", lambda: client.get_version(subject, 7))
        refused(422, 42202, "The specified version '0' is not a valid version id.",
                lambda: client.get_version(subject, 0))
        refused(404, 40403, "Schema not found",
                lambda: self.client().lookup_schema(subject, Schema(SECOND, "AVRO")))
        refused(404, 40403, "Schema 2000000000 not found",
                lambda: client.get_schema(2_000_000_000))
        return "40401 40402 40403 42202"

    def references(self):
        subject, client = self.subject("references"), self.client()
        inner = Schema(record("Position", HEIGHT), "AVRO")
        client.register_schema(subject + "-inner", inner)
        outer = Schema(record("Sighting", FLIGHT, {"name": "at", "type": "gorge.Position"}), "AVRO",
                       [SchemaReference("gorge.Position", subject + "-inner", 1)])
        refused(422, 42201, "", lambda: client.register_schema(
            subject, Schema(outer.schema_str, "AVRO")))
        outer_id = client.register_schema(subject, outer)
        back = self.client().get_schema(outer_id)
        expect(back.references == outer.references, f"references {back.references}")
        by = client.get_referenced_by(subject + "-inner", 1)
        expect(by == [outer_id], f"referenced by {by}")
        error = refused(422, 42206, "One or more references exist",
                        lambda: client.delete_version(subject + "-inner", 1))
        client.delete_subject(subject)
        client.delete_subject(subject, permanent=True)
        expect(client.delete_version(subject + "-inner", 1) == 1, "not deleted")
        return error.error_message

    def normalize(self):
        subject = self.subject("normalize")
        texts = {"AVRO": ('{"type":"record","name":"x","fields":[{"name":"f","type":'
                          '{"type":"string"},"doc":"d"}]}',
                          '{"name":"x","fields":[{"doc":"d","type":"string","name":"f"}],'
                          '"type":"record"}'),
                 "JSON": ('{"type":"object","properties":{"b":{"type":"string"},"a":{}}}',
                          '{"properties":{"a":{},"b":{"type":"string"}},"type":"object"}')}
        for kind, (one, other) in texts.items():
            ids = {self.client().register_schema(subject + kind, Schema(text, kind), True)
                   for text in (one, other)}
            expect(len(ids) == 1, f"{kind}: ids {ids}")
            found = self.client().lookup_schema(subject + kind, Schema(other, kind), True)
            expect(found.version == 1, f"{kind}: version {found.version}")
        return "another order, the same id"

    def contract(self):
        """Metadata and rules come back, make another version, and are found by."""
        subject, client = self.subject("contract"), self.client()
        rule = Rule("tall", "none above the rim", RuleKind.CONDITION, RuleMode.WRITE, "CEL", None,
                    RuleParams({"limit": "600"}), "message.height < 600", None, "ERROR", False)
        schemas = [Schema(SECOND, "AVRO", [], Metadata(None, MetadataProperties({"owner": who}),
                                                       None), RuleSet([], [rule], []))
                   for who in ("hydrology", "aviation")]
        ids = [client.register_schema(subject, schema) for schema in schemas]
        expect(ids[0] != ids[1], f"other metadata, the same id {ids[0]}")
        back = self.client().get_version(subject, 2).schema
        expect(back.metadata.properties.properties["owner"] == "aviation", f"{back.metadata}")
        got = back.rule_set.domain_rules[0]
        expect((got.name, got.kind, got.mode, got.type, got.expr, got.params.params["limit"])
               == ("tall", "CONDITION", "WRITE", "CEL", "message.height < 600", "600"), f"{got}")
        expect(self.client().get_schema(ids[1]).rule_set.domain_rules[0].name == "tall", "by id")
        for version, who in ((1, "hydrology"), (2, "aviation")):
            found = self.client().get_latest_with_metadata(subject, {"owner": who})
            expect(found.version == version, f"{who}: version {found.version}")
        refused(422, 42210, "", lambda: client.register_schema(
            subject, Schema(SECOND, "AVRO", [], None, RuleSet([rule], [], []))))
        return f"ids {ids}"

    def config(self):
        subject, client = self.subject("config"), self.client()
        refused(404, 40408, "", lambda: client.get_compatibility(subject))
        expect(client.get_compatibility() == "BACKWARD", "the level of all")
        expect(client.set_compatibility(subject, "full_transitive")
               == {"compatibility": "FULL_TRANSITIVE"}, "set")
        expect(client.get_compatibility(subject) == "FULL_TRANSITIVE", "read")
        refused(422, 42203, "Invalid compatibility level. Valid values are none, backward",
                lambda: client.set_compatibility(subject, "sideways"))
        client.set_config(subject, ServerConfig(
            compatibility=ConfigCompatibilityLevel.NONE, compatibility_group="major",
            default_metadata=Metadata(None, MetadataProperties({"team": "condors"}), None)))
        got = client.get_config(subject)
        expect((got.compatibility_level, got.compatibility_group,
                got.default_metadata.properties.properties)
               == ("NONE", "major", {"team": "condors"}), f"config {got}")
        client.register_schema(subject, Schema(FIRST, "AVRO"))
        client.register_schema(subject, Schema(INCOMPATIBLE, "AVRO"))
        back = self.client().get_latest_version(subject).schema
        expect(back.metadata.properties.properties.get("team") == "condors", f"{back.metadata}")
        client.delete_config(subject)
        refused(404, 40408, "", lambda: client.get_compatibility(subject))
        return "subject level, default metadata"

    def mode(self):
        subject, client = self.subject("mode"), self.client()
        expect(client.get_global_mode() == "READWRITE", "the mode of all")
        refused(404, 40409, "", lambda: client.get_mode(subject))
        client.update_mode(subject, "READONLY")
        expect(client.get_mode(subject) == "READONLY", "not read only")
        refused(422, 42205, "", lambda: client.register_schema(subject, Schema(FIRST, "AVRO")))
        client.update_mode(subject, "IMPORT")
        body = {"schema": FIRST, "id": 770077, "version": 7}
        status, answer = self.raw("POST", f"/subjects/{self.prefix}%2Fmode%3Avalue/versions", body)
        expect((status, answer.get("id")) == (200, 770077), f"import: {status} {answer}")
        expect(client.get_versions(subject) == [7], "versions after import")
        client.delete_mode(subject)
        refused(404, 40409, "", lambda: client.get_mode(subject))
        refused(422, 42204, "", lambda: client.update_mode(subject, "SIDEWAYS"))
        return "read only refuses, import keeps id 770077 and version 7"

    def contexts(self):
        context = f".{self.prefix}"
        subject = f":{context}:sighting"
        client = self.client()
        expect(client.register_schema(subject, Schema(FIRST, "AVRO")) == 1, "ids begin at 1")
        expect(client.register_schema(subject, Schema(SECOND, "AVRO")) == 2, "and go on")
        contexts = client.get_contexts()
        expect({".", context} <= set(contexts), f"contexts {contexts}")
        text = self.client().get_schema(2, subject).schema_str
        expect(json.loads(text) == json.loads(SECOND), f"text in the context {text}")
        inside = SchemaRegistryClient({"url": f"{self.url}/contexts/{context}"})
        expect(inside.get_versions("sighting") == [1, 2], "by the path of the context")
        return f"{context} has ids of its own"

    def delete(self):
        subject, client = self.subject("delete"), self.client()
        first = client.register_schema(subject, Schema(FIRST, "AVRO"))
        second = client.register_schema(subject, Schema(SECOND, "AVRO"))
        refused(404, 40407, "", lambda: client.delete_version(subject, 2, permanent=True))
        expect(client.delete_version(subject, 2) == 2, "deleted version")
        expect(client.get_versions(subject) == [1], "still listed")
        refused(404, 40402, "Version 2 not found.",
                lambda: self.client().get_version(subject, 2))
        refused(404, 40406, "", lambda: client.delete_version(subject, 2))
        expect(self.client().get_schema(second).schema_str, "the id is gone with the version")
        expect(self.client().get_version(subject, 2, deleted=True).schema_id == second, "deleted=")
        expect(self.client().register_schema(subject, Schema(SECOND, "AVRO")) == second, "same id")
        expect(self.client().get_versions(subject) == [1, 3], "a number was used again")
        refused(404, 40405, "", lambda: client.delete_subject(subject, permanent=True))
        gone = client.delete_subject(subject)
        expect(gone == [1, 3], f"deleted {gone}")
        expect(subject not in client.get_subjects(), "still listed")
        expect(subject in client.get_subjects(deleted=True), "not listed as deleted")
        refused(404, 40404, "", lambda: client.delete_subject(subject))
        client.delete_subject(subject, permanent=True)
        refused(404, 40401, "", lambda: client.delete_subject(subject))
        refused(404, 40401, "", lambda: self.client().get_versions(subject))
        anew = self.client().register_schema(subject, Schema(INCOMPATIBLE, "AVRO"))
        expect(anew > max(first, second), f"id {anew} was used before")
        return f"versions 1, 2, 3; id {anew} after {second}"
