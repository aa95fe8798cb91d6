"""Kafka's console tools: each is started as a user would, and its output is read.

Arguments: BOOTSTRAP PREFIX, then the folder with the jars."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from client_steps import expect, run_steps, wait_until

TOOL_SECONDS = 60

bootstrap, prefix, jars = sys.argv[1:]
topic, group = f"{prefix}-tools", f"{prefix}-tools-group"
server = ["--bootstrap-server", bootstrap]


def command(name):
    main = name if name.startswith("kafka.") else f"org.apache.kafka.tools.{name}"
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{jars}/*", main]


def tool(name, *arguments, text=None, wanted=0):
    """Runs one to its end and returns what it printed."""
    done = subprocess.run([*command(name), *map(str, arguments)], input=text, text=True,
                          capture_output=True, timeout=TOOL_SECONDS)
    print(f"--- {name} {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}",
          file=sys.stderr)
    expect(done.returncode == wanted,
           f"{name} left with {done.returncode}: {(done.stderr or done.stdout)[-300:]}")
    return done.stdout


def contains(text, *parts):
    for part in parts:
        expect(re.search(part, text), f"no '{part}' in: {text}")


def topic_command():
    tool("TopicCommand", *server, "--create", "--topic", topic, "--partitions", 2,
         "--config", "retention.ms=-1")
    again = tool("TopicCommand", *server, "--create", "--topic", topic, wanted=1)
    contains(again, "already exists")
    contains(tool("TopicCommand", *server, "--list"), f"(?m)^{topic}$")
    contains(tool("TopicCommand", *server, "--describe", "--topic", topic),
             "PartitionCount: 2", "ReplicationFactor: 1", "retention.ms=-1", r"Partition: 1\s")
    tool("TopicCommand", *server, "--alter", "--topic", topic, "--partitions", 3)
    contains(tool("TopicCommand", *server, "--describe", "--topic", topic), "PartitionCount: 3")
    return "create, list, describe, alter"


def console_producer():
    lines = "".join(f"key-{i}:value-{i}\n" for i in range(30))
    tool("ConsoleProducer", *server, "--topic", topic, "--reader-property", "parse.key=true",
         "--reader-property", "key.separator=:", "--compression-codec", "zstd", text=lines)
    return "30 records"


def console_consumer():
    found = tool("consumer.ConsoleConsumer", *server, "--topic", topic, "--from-beginning",
                 "--group", group, "--max-messages", 30, "--timeout-ms", 20000,
                 "--formatter-property", "print.key=true")
    expected = sorted(f"key-{i}\tvalue-{i}" for i in range(30))
    expect(sorted(found.splitlines()) == expected, f"read {found}")
    return "30 records"


def get_offset_shell():
    ends = tool("GetOffsetShell", *server, "--topic", topic)
    numbers = [int(line.split(":")[2]) for line in ends.splitlines()]
    expect(len(numbers) == 3 and sum(numbers) == 30, f"latest: {ends}")
    starts = tool("GetOffsetShell", *server, "--topic", topic, "--time", "earliest")
    expect(starts.splitlines() == [f"{topic}:{p}:0" for p in range(3)], f"earliest: {starts}")
    tool("GetOffsetShell", *server, "--topic", topic, "--time", "max-timestamp")
    return "latest, earliest, max-timestamp"


def group_command():
    name = "consumer.group.ConsumerGroupCommand"
    contains(tool(name, *server, "--list"), f"(?m)^{group}$")
    described = tool(name, *server, "--describe", "--group", group)
    rows = [line.split() for line in described.splitlines() if line.startswith(group)]
    expect(len(rows) == 3 and sum(int(row[3]) for row in rows) == 30, f"described: {described}")
    expect(all(row[5] == "0" for row in rows), f"lag: {described}")
    contains(tool(name, *server, "--describe", "--group", group, "--state"), "Empty")
    tool(name, *server, "--describe", "--group", group, "--members")
    tool(name, *server, "--reset-offsets", "--group", group, "--topic", topic, "--to-earliest",
         "--execute")
    described = tool(name, *server, "--describe", "--group", group)
    rows = [line.split() for line in described.splitlines() if line.startswith(group)]
    expect(sum(int(row[5]) for row in rows) == 30, f"lag after the reset: {described}")
    tool(name, *server, "--delete-offsets", "--group", group, "--topic", topic)
    tool(name, *server, "--delete", "--group", group)
    expect(group not in tool(name, *server, "--list").splitlines(), "the group is still listed")
    return "list, describe, reset, delete offsets, delete"


def config_command():
    entity = ["--entity-type", "topics", "--entity-name", topic]
    tool("kafka.admin.ConfigCommand", *server, "--alter", *entity, "--add-config",
         "max.message.bytes=65536")
    contains(tool("kafka.admin.ConfigCommand", *server, "--describe", *entity),
             "max.message.bytes=65536")
    tool("kafka.admin.ConfigCommand", *server, "--alter", *entity, "--delete-config",
         "max.message.bytes")
    described = tool("kafka.admin.ConfigCommand", *server, "--describe", *entity)
    expect("max.message.bytes" not in described, f"after the deletion: {described}")
    contains(tool("kafka.admin.ConfigCommand", *server, "--describe", "--all", *entity),
             "cleanup.policy=delete")
    return "alter, describe, delete a setting"


def events(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def verifiable():
    """VerifiableProducer, and two VerifiableConsumers of which one is told to leave."""
    sent = events(tool("VerifiableProducer", *server, "--topic", topic, "--max-messages", 200,
                       "--acks", -1))
    acknowledged = sum(event["name"] == "producer_send_success" for event in sent)
    expect(acknowledged == 200, f"{acknowledged} of 200 acknowledged")
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / str(n) for n in range(2)]
        consumers = []
        try:
            for output in outputs:
                consumers.append(subprocess.Popen(
                    [*command("VerifiableConsumer"), *server, "--topic", topic, "--group-id",
                     f"{group}-v", "--session-timeout", "10000", "--reset-policy", "earliest"],
                    stdout=output.open("w"), stderr=subprocess.DEVNULL))
            read = lambda n: events(outputs[n].read_text().rpartition("\n")[0])
            consumed = lambda: sum(e["count"] for n in range(2) for e in read(n)
                                   if e["name"] == "records_consumed")
            assigned = lambda n: [len(e["partitions"]) for e in read(n)
                                  if e["name"] == "partitions_assigned"]
            last = lambda n: assigned(n)[-1] if assigned(n) else 0
            wait_until(lambda: consumed() >= 230, "not all was consumed")
            wait_until(lambda: sorted([last(0), last(1)]) == [1, 2], "they do not share")
            consumers[1].send_signal(signal.SIGTERM)
            consumers[1].wait(TOOL_SECONDS)
            wait_until(lambda: last(0) == 3, "the first did not get all back")
            total = consumed()
        finally:
            for consumer in consumers:
                consumer.terminate()
            for consumer in consumers:
                consumer.wait(TOOL_SECONDS)
    return f"200 sent, {total} consumed by two"


def delete_records():
    with tempfile.NamedTemporaryFile("w", suffix=".json") as wanted:
        json.dump({"partitions": [{"topic": topic, "partition": 0, "offset": 5}], "version": 1},
                  wanted)
        wanted.flush()
        contains(tool("DeleteRecordsCommand", *server, "--offset-json-file", wanted.name),
                 "low_watermark: 5")
    starts = tool("GetOffsetShell", *server, "--topic", topic, "--time", "earliest")
    contains(starts, f"{topic}:0:5")
    return "partition 0 starts at 5"


def log_dirs():
    answer = tool("LogDirsCommand", *server, "--describe", "--topic-list", topic)
    described = events(answer)[0]
    directory, = described["brokers"][0]["logDirs"]
    expect(len(directory["partitions"]) == 3 and directory["error"] is None, answer)
    return f"{sum(p['size'] for p in directory['partitions'])} bytes"


def partitions_file(**more):
    """A file that names the first partition, as two of the tools read it."""
    file = tempfile.NamedTemporaryFile("w", suffix=".json")
    json.dump({"partitions": [{"topic": topic, "partition": 0, **more}], "version": 1}, file)
    file.flush()
    return file


def reassign_partitions():
    name = "reassign.ReassignPartitionsCommand"
    broker = events(tool("LogDirsCommand", *server, "--describe", "--topic-list",
                         topic))[0]["brokers"][0]["broker"]
    contains(tool(name, *server, "--list"), "No partition reassignments found")
    with partitions_file(replicas=[broker]) as wanted:
        plan = ["--reassignment-json-file", wanted.name]
        contains(tool(name, *server, "--execute", *plan), "Successfully started partition")
        contains(tool(name, *server, "--verify", *plan), f"partition {topic}-0 is completed")
    return "to where it is"


def leader_election():
    with partitions_file() as wanted:
        contains(tool("LeaderElectionCommand", *server, "--election-type", "preferred",
                      "--path-to-json-file", wanted.name), "Valid replica already elected")
    return "not needed"


def quotas():
    found = tool("kafka.admin.ConfigCommand", *server, "--describe", "--entity-type", "clients")
    expect(found.strip() == "", f"quotas: {found}")
    return "none"


def internal_topics():
    contains(tool("TopicCommand", *server, "--list"), "(?m)^__consumer_offsets$")
    listed = tool("TopicCommand", *server, "--list", "--exclude-internal")
    expect("__consumer_offsets" not in listed, f"listed: {listed}")
    return "listed, and excluded when asked"


def versions_command():
    found = tool("BrokerApiVersionsCommand", *server)
    contains(found, r"Produce\(0\): ", r"Fetch\(1\): ", r"ApiVersions\(18\): ")
    return f"{found.count('usable')} APIs"


def groups_command():
    contains(tool("GroupsCommand", *server, "--list"), "GROUP")
    return "list"


def delete_topic():
    tool("TopicCommand", *server, "--delete", "--topic", topic)
    wait_until(lambda: topic not in tool("TopicCommand", *server, "--list").splitlines(),
               "the topic is still listed")
    return "TopicCommand --delete"


version = next(Path(jars).glob("kafka-tools-*.jar")).stem.removeprefix("kafka-tools-")
print(f"client kafka-tools {version}", flush=True)
sys.exit(run_steps([
    ("BrokerApiVersionsCommand", versions_command),
    ("TopicCommand", topic_command),
    ("ConsoleProducer", console_producer),
    ("ConsoleConsumer", console_consumer),
    ("GetOffsetShell", get_offset_shell),
    ("ConsumerGroupCommand", group_command),
    ("ConfigCommand", config_command),
    ("VerifiableProducer+Consumer", verifiable),
    ("GroupsCommand", groups_command),
    ("DeleteRecordsCommand", delete_records),
    ("LogDirsCommand", log_dirs),
    ("ReassignPartitionsCommand", reassign_partitions),
    ("LeaderElectionCommand", leader_election),
    ("ConfigCommand-quotas", quotas),
    ("TopicCommand-internal", internal_topics),
    ("TopicCommand-delete", delete_topic),
]))
