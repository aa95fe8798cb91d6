#!/usr/bin/env python3
"""check_protocol.py finds every kind of difference; run by ctest."""

import copy
import io
import json
import unittest
import zipfile

import check_protocol

KAFKA_REQUEST = """
// A comment before anything.
{ "apiKey": 7, "type": "request", "name": "ProbeRequest",
  // Version 4 is not stable yet.
  "latestVersionUnstable": true,
  "validVersions": "1-4", "flexibleVersions": "2+",
  "fields": [
    { "name": "TopicName", "type": "string", "versions": "0+", "about": "See https://x" },
    { "name": "MaxBytes", "type": "int32", "versions": "2+", "default": "0x7fffffff",
      "ignorable": true },
    { "name": "RackId", "type": "string", "versions": "0+", "nullableVersions": "2+",
      "default": "null" },
    { "name": "Items", "type": "[]Item", "versions": "2+", "taggedVersions": "2+", "tag": 0,
      "fields": [ { "name": "IsOn", "type": "bool", "versions": "2+", "ignorable": true } ] },
    { "name": "Later", "type": "int8", "versions": "4+" }
  ] }
"""
OURS = {
    "name": "ProbeRequest", "key": 7, "first": 1, "last": 3, "flexible_from": 2,
    "fields": [
        {"name": "topic_name", "type": "string", "default": ""},
        {"name": "max_bytes", "type": "int32", "first": 2, "ignorable": True,
         "default": 0x7FFFFFFF},
        {"name": "rack_id", "type": "string", "nullable_from": 2, "default": None},
        {"name": "items", "type": "[]Item", "first": 2, "tag": 0, "default": [],
         "fields": [{"name": "is_on", "type": "bool", "default": False}]},
    ],
}


def differences(ours):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as jar:
        jar.writestr("common/message/ProbeRequest.json", KAFKA_REQUEST)
    with zipfile.ZipFile(file) as jar:
        return check_protocol.check(jar, json.loads(json.dumps([ours])))[0]


class CheckProtocol(unittest.TestCase):
    def test_says_nothing_about_what_is_equal(self):
        self.assertEqual(differences(OURS), [])

    def test_finds_every_altered_aspect(self):
        alterations = [
            ((), "key", 8), ((), "first", 0), ((), "last", 4), ((), "flexible_from", 3),
            ((0,), "name", "topic"), ((0,), "type", "bytes"), ((0,), "default", "x"),
            ((1,), "first", 3), ((1,), "ignorable", False), ((1,), "default", 0),
            ((2,), "nullable_from", 1), ((2,), "default", ""), ((2,), "last", 2),
            ((3,), "tag", 1), ((3,), "type", "[]Other"), ((3, 0), "default", True),
            ((3, 0), "default", 0), ((3, 0), "ignorable", True),
        ]
        for path, aspect, value in alterations:
            with self.subTest(path=path, aspect=aspect, value=value):
                altered = copy.deepcopy(OURS)
                at = altered
                for index in path:
                    at = at["fields"][index]
                at[aspect] = value
                self.assertNotEqual(differences(altered), [])

    def test_finds_missing_additional_and_misplaced_fields(self):
        missing = copy.deepcopy(OURS)
        del missing["fields"][1]
        self.assertEqual(differences(missing), ["ProbeRequest.max_bytes: missing"])
        more = copy.deepcopy(OURS)
        more["fields"].append({"name": "later", "type": "int8", "default": 0})
        self.assertEqual(differences(more), ["ProbeRequest.later: Kafka has no such field"])
        swapped = copy.deepcopy(OURS)
        swapped["fields"][0:2] = reversed(swapped["fields"][0:2])
        self.assertEqual(len(differences(swapped)), 1)


if __name__ == "__main__":
    unittest.main()
