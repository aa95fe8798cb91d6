#!/usr/bin/env python3
"""Kills the broker with SIGKILL while its schema registry is written to, and checks what it promised.

usage: registry_kill_loop.py [--kills N] [--seed S] [--data DIR]

Writers register, set levels and delete, each in subjects of its own, with schemas that all share.
Each knows what its subjects must look like; only the request that a kill cut off may have happened
or not. After each start and at the end:

  1. every version is there with the id that was acknowledged, soft-deleted ones too;
  2. every id gives the schema that it was acknowledged for;
  3. an id never means two schemas, a version number is given once (until the whole subject was
     deleted permanently);
  4. levels are as they were set.
"""
import argparse
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time

from process import Broker
from registry_http import Registry, record, subject_path

WRITERS, SUBJECTS = 4, 3
FIELDS = "abcdefgh"
LEVELS = ("NONE", "FULL", "BACKWARD_TRANSITIVE")


class Subject:
    """What a subject must look like. `live` and `soft` are {version: schema}."""

    def __init__(self, name):
        self.name, self.live, self.soft, self.next, self.level = name, {}, {}, 1, None

    def copy(self):
        other = Subject(self.name)
        other.live, other.soft = dict(self.live), dict(self.soft)
        other.next, other.level = self.next, self.level
        return other

    def registered(self, schema):
        if schema not in self.live.values():
            self.live[self.next] = schema
            self.next += 1
            # An older deleted version of the same schema gives way to the new one.
            self.soft = {v: s for v, s in self.soft.items() if s != schema}

    def forget(self):
        self.__init__(self.name)


class Ids:
    """Which schema an id is for, as all writers were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.schema = {}

    def told(self, number, schema):
        with self.lock:
            known = self.schema.setdefault(number, schema)
        assert known == schema, f"id {number} is for {known} and for {schema}"


class Writer(threading.Thread):
    """One run between two kills."""

    def __init__(self, port, subjects, ids, chance):
        super().__init__(daemon=True)
        self.port, self.subjects, self.ids, self.chance = port, subjects, ids, chance
        self.cut_off = None  # (subject, what it is if the last request happened)
        self.done, self.failure = 0, None

    def run(self):
        try:
            with Registry(self.port) as registry:
                while True:
                    self.step(registry, self.chance.choice(self.subjects))
        except (OSError, http.client.HTTPException):
            pass  # killed
        except BaseException as error:
            self.failure = error

    def step(self, registry, subject):
        after = subject.copy()
        method, path, body, judge = self.choose(subject, after)
        self.cut_off = (subject, after)
        status, answer = registry.call(method, path, body)
        assert status == 200, f"{method} {path}: {status} {answer}"
        self.cut_off = None
        judge(answer)
        subject.__dict__.update(after.__dict__)
        self.done += 1

    def choose(self, before, after):
        """(method, path, body, check of the answer); `after` becomes what it makes of it."""
        name, chance = before.name, self.chance.random()
        nothing = lambda answer: None
        if chance < 0.1:
            after.level = self.chance.choice(LEVELS)
            return "PUT", "/config/" + name, {"compatibility": after.level}, nothing
        if chance < 0.25 and len(before.live) > 1:
            version = self.chance.choice(sorted(before.live))
            after.soft[version] = after.live.pop(version)
            return "DELETE", subject_path(name, f"/versions/{version}"), None, nothing
        if chance < 0.3 and before.soft and before.live:
            version = self.chance.choice(sorted(before.soft))
            del after.soft[version]
            return "DELETE", subject_path(name, f"/versions/{version}?permanent=true"), None, nothing
        if chance < 0.35 and before.live:
            after.soft.update(after.live)
            after.live = {}
            return "DELETE", subject_path(name), None, nothing
        if chance < 0.5 and before.soft and not before.live:
            after.forget()
            return "DELETE", subject_path(name, "?permanent=true"), None, nothing
        schema = record(*[f for f in FIELDS if self.chance.random() < 0.5])
        after.registered(schema)
        return ("POST", subject_path(name, "/versions"), {"schema": schema},
                lambda answer: self.ids.told(answer["id"], schema))


def matches(registry, subject, ids):
    """None, or what is other than it must be."""
    every = registry.versions(subject.name, deleted=True)
    live = registry.versions(subject.name)
    wanted = subject.live | subject.soft
    if sorted(every) != sorted(wanted) or sorted(live) != sorted(subject.live):
        return f"{subject.name}: versions {sorted(live)} of {sorted(every)}, " \
               f"wanted {sorted(subject.live)} of {sorted(wanted)}"
    for version, number in every.items():
        text = registry.ok("GET", f"/schemas/ids/{number}")["schema"]
        if json.loads(text) != json.loads(wanted[version]):
            return f"{subject.name} version {version}, id {number}: {text}, not {wanted[version]}"
        ids.told(number, wanted[version])
    status, answer = registry.call("GET", "/config/" + subject.name)
    level = answer["compatibilityLevel"] if status == 200 else None
    return None if level == subject.level else f"{subject.name}: {level}, not {subject.level}"


def check(registry, writers, ids):
    for writer in writers:
        for subject in writer.subjects:
            wrong = matches(registry, subject, ids)
            if wrong and writer.cut_off and writer.cut_off[0] is subject:
                subject.__dict__.update(writer.cut_off[1].__dict__)
                after = matches(registry, subject, ids)
                wrong = after and f"{wrong}; or, if the last request happened, {after}"
            assert not wrong, wrong


def run(options, data):
    chance = random.Random(options.seed)
    ids = Ids()
    subjects = [[Subject(f"s{n}-{m}") for m in range(SUBJECTS)] for n in range(WRITERS)]
    done, began = 0, time.monotonic()
    for kill in range(options.kills):
        flags = chance.choice([[], ["--set", "klamm.checkpoint.bytes=65536"]])
        with Broker(data, *flags) as broker:
            writers = [Writer(broker.http_port, mine, ids, random.Random(chance.random()))
                       for mine in subjects]
            if kill:
                with Registry(broker.http_port) as registry:
                    check(registry, before, ids)
            for writer in writers:
                writer.start()
            time.sleep(0.05 + chance.random() ** 2 * 0.3)
            broker.kill()
            for writer in writers:
                writer.join(60)
                if writer.failure:
                    raise writer.failure
            done += sum(writer.done for writer in writers)
            before = writers
    with Broker(data) as broker, Registry(broker.http_port) as registry:
        check(registry, before, ids)
        assert broker.stop() == 0, "the last stop was not clean"
    assert done > 10 * options.kills, f"only {done} changes: that was no load"
    print(f"{options.kills} kills in {time.monotonic() - began:.0f} s (seed {options.seed}): {done} "
          f"changes acknowledged, none lost; {len(ids.schema)} ids, each for one schema")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--data", help="instead of a temporary directory; kept")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if options.data:
        return run(options, options.data)
    with tempfile.TemporaryDirectory() as directory:
        return run(options, os.path.join(directory, "data"))


if __name__ == "__main__":
    sys.exit(main())
