"""confluent-kafka (librdkafka inside) with group.protocol=consumer: members come and go,
expressions, static members, and what its admin client sees."""

import sys
import time

import confluent_kafka as ck
from confluent_kafka import admin as ckadmin

PARTITIONS = 4
WAIT_SECONDS = 60


class Member:
    def __init__(self, world, group, topics, **more):
        self.numbers = set()
        self.consumer = ck.Consumer({
            "bootstrap.servers": world.bootstrap, "group.id": group, "group.protocol": "consumer",
            "auto.offset.reset": "earliest", "auto.commit.interval.ms": 500,
            "topic.metadata.refresh.interval.ms": 1000} | more)
        self.consumer.subscribe(topics)
        world.members.append(self)

    def poll(self):
        for message in self.consumer.consume(500, 0.05):
            if message.error():
                raise ck.KafkaException(message.error())
            self.numbers.add(int(message.value()))

    def assigned(self):
        return {(p.topic, p.partition) for p in self.consumer.assignment()}

    def leave(self):
        self.consumer.close()


class World:
    def __init__(self, bootstrap, prefix):
        self.bootstrap, self.prefix = bootstrap, prefix
        self.members = []
        self.admin = ckadmin.AdminClient({"bootstrap.servers": bootstrap})
        self.producer = ck.Producer({"bootstrap.servers": bootstrap, "linger.ms": 10})

    def topic(self, name, partitions=PARTITIONS):
        topic = f"{self.prefix}-{name}"
        new = ckadmin.NewTopic(topic, partitions, 1)
        self.admin.create_topics([new])[topic].result(WAIT_SECONDS)
        return topic

    def produce(self, topic, numbers):
        for number in numbers:
            self.producer.produce(topic, value=str(number), partition=number % PARTITIONS)
        if left := self.producer.flush(WAIT_SECONDS):
            raise RuntimeError(f"{left} records were not acknowledged")

    def wait(self, condition, what, *members):
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for member in members:
                member.poll()
            if condition():
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {WAIT_SECONDS} s: {what}: "
                                   f"{[sorted(m.assigned()) for m in members]}")

    def share(self, partitions, *members):
        def shared():
            shares = [member.assigned() for member in members]
            return (all(shares) and sum(map(len, shares)) == partitions
                    and len(set().union(*shares)) == partitions)
        self.wait(shared, "the partitions are not shared", *members)

    def describe(self, group):
        return self.admin.describe_consumer_groups([group])[group].result(WAIT_SECONDS)


def join_leave(world):
    topic, group = world.topic("join"), world.prefix + "-join"
    world.produce(topic, range(200))
    first = Member(world, group, [topic])
    world.share(PARTITIONS, first)
    second = Member(world, group, [topic])
    world.share(PARTITIONS, first, second)
    world.produce(topic, range(200, 400))
    world.wait(lambda: first.numbers | second.numbers == set(range(400)), "not all was read",
               first, second)
    second.leave()
    world.share(PARTITIONS, first)
    world.produce(topic, range(400, 600))
    world.wait(lambda: set(range(400, 600)) <= first.numbers, "the rest was not read", first)
    first.leave()
    return f"600 records; the second read {len(second.numbers)}"


def regex(world):
    world.topic("rx-a", 2)
    world.topic("ry-a", 2)
    member = Member(world, world.prefix + "-regex", [f"^{world.prefix}-rx-.*"])
    world.share(2, member)
    world.topic("rx-b", 3)
    world.share(5, member)
    member.leave()
    return "2 partitions, then 5"


def static(world):
    topic, group = world.topic("static"), world.prefix + "-static"
    one = Member(world, group, [topic], **{"group.instance.id": "one"})
    two = Member(world, group, [topic], **{"group.instance.id": "two"})
    world.share(PARTITIONS, one, two)
    had = one.assigned()
    one.leave()
    again = Member(world, group, [topic], **{"group.instance.id": "one"})
    world.wait(lambda: again.assigned() == had, f"{had} did not come back", again, two)
    again.leave()
    two.leave()
    return "back to its partitions"


def describe(world):
    topic, group = world.topic("described"), world.prefix + "-described"
    member = Member(world, group, [topic], **{"client.id": "seen"})
    world.share(PARTITIONS, member)
    seen = world.describe(group)
    one = seen.members[0]
    assert seen.type == ck.ConsumerGroupType.CONSUMER, seen.type
    assert seen.state == ck.ConsumerGroupState.STABLE, seen.state
    assert len(seen.members) == 1 and one.client_id == "seen", seen.members
    assert len(one.assignment.topic_partitions) == PARTITIONS, one.assignment
    assert len(one.target_assignment.topic_partitions) == PARTITIONS, one.target_assignment
    listed = world.admin.list_consumer_groups(types={ck.ConsumerGroupType.CONSUMER})
    found = [g for g in listed.result(WAIT_SECONDS).valid if g.group_id == group]
    assert found and found[0].type == ck.ConsumerGroupType.CONSUMER, found
    member.leave()
    world.admin.delete_consumer_groups([group])[group].result(WAIT_SECONDS)
    return "stable with 1 member, listed, deleted"


def main():
    print(f"client confluent-kafka {ck.__version__} (librdkafka {ck.libversion()[0]})")
    world = World(*sys.argv[1:3])
    failed = False
    steps = {"join-leave": join_leave, "regex": regex, "static": static, "describe": describe}
    for name, step in steps.items():
        try:
            print(f"step {name} ok {step(world)}", flush=True)
        except Exception as error:  # each step stands for itself
            failed = True
            print(f"step {name} failed {type(error).__name__}: {error}", flush=True)
    sys.exit(failed)


main()
