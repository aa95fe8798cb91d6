// The bus by librdkafka on a real broker: `klamm serve`, or the cluster at $KAFKA_BUS_BOOTSTRAP.
#include "world.h"

#include <gmock/gmock.h>

namespace klamm::kafka_bus::test {
namespace {

using bus::Error;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

struct KafkaBus : testing::Test {
    World world{server().bootstrap()};
};

TEST_F(KafkaBus, KnowsWhatTheClusterCanDo) {
    auto const found =
        world.wait<bus::Capabilities>([&](auto done) { world.bus->probe(std::move(done)); });
    ASSERT_TRUE(found.has_value()) << found.error().why;
    EXPECT_TRUE(found->transactions);
    EXPECT_TRUE(found->stable_offsets);
    EXPECT_FALSE(found->cluster_id.empty());
    EXPECT_EQ(found->lacks, "");
}

TEST_F(KafkaBus, ReadsInPiecesAndDoesNotWaitAtTheEnd) {
    auto const topic = world.topic("t");
    auto const at = [&](std::int64_t offset, int bytes) {
        return *world.wait<bus::ReadResult>([&](auto done) {
            world.bus->read({topic, 0}, offset, bytes, std::move(done));
        });
    };
    EXPECT_EQ(at(0, 100).end, 0);
    world.send(topic, {"a", "b", "c"});
    auto const one = at(0, 1);
    EXPECT_EQ(one.records.size(), 1U);
    EXPECT_EQ(one.next, 1);
    EXPECT_EQ(one.end, 3);
    EXPECT_EQ(at(1, 1).next, 2);
    EXPECT_EQ(at(2, 1).next, 3);
    EXPECT_THAT(at(3, 1).records, IsEmpty());
    world.send(topic, {"d"});
    EXPECT_EQ(at(3, 100).next, 4);
    EXPECT_THAT(world.read_all(topic), ElementsAre("a", "b", "c", "d"));
}

TEST_F(KafkaBus, PausesAndResumesAnywhere) {
    auto const topic = world.topic("t");
    world.send(topic, {"a", "b", "c"});
    Member member(world, "g", {topic});
    ASSERT_TRUE(world.loop.run_until([&] { return member.got.size() == 3; }));
    member.consumer().pause({topic, 0});
    world.send(topic, {"d"});
    EXPECT_FALSE(world.loop.run_until([&] { return member.got.size() > 3; }, 1s));
    member.got.clear();
    member.consumer().resume({topic, 0}, 1);
    ASSERT_TRUE(world.loop.run_until([&] { return member.got.size() == 3; }));
    EXPECT_THAT(member.values(), ElementsAre("b", "c", "d"));
    for (int n = 0; n < 20; ++n) {
        member.got.clear();
        member.consumer().resume({topic, 0}, n % 4);
        ASSERT_TRUE(
            world.loop.run_until([&] { return member.got.size() == 4U - unsigned(n % 4); }));
        EXPECT_EQ(member.got.front().offset, n % 4);
    }
}

TEST_F(KafkaBus, GoesOnWhenTheMemberBeforeHasCrashed) {
    auto const topic = world.topic("t");
    world.send(topic, {"a"});
    bus::ConsumerOptions options;
    options.session_timeout = 6s;
    Member first(world, "g", {topic}, options);
    ASSERT_TRUE(world.loop.run_until([&] { return first.got.size() == 1; }));
    first.end();
    Member second(world, "g", {topic}, options);
    ASSERT_TRUE(world.loop.run_until([&] { return second.got.size() == 1; }));
}

TEST_F(KafkaBus, KeepsNothingForAMemberThatEndedWhileItJoined) {
    auto const topic = world.topic("t", 2);
    bus::ConsumerOptions options;
    options.session_timeout = 8s;
    options.rebalance_timeout = 300s;
    Member first(world, "g", {topic}, options);
    ASSERT_TRUE(world.loop.run_until([&] { return first.owned.size() == 2; }));
    first.end();
    // The group waits for the first one, so for a while nobody can join who has come.
    Member second(world, "g", {topic}, options);
    world.loop.run_until([] { return false; }, 1s);
    second.end();
    ASSERT_TRUE(second.owned.empty());
    Member third(world, "g", {topic}, options);
    ASSERT_TRUE(world.loop.run_until([&] { return third.owned.size() == 2; }));
}

TEST_F(KafkaBus, EndsAtAnyTime) {
    auto const topic = world.topic("t");
    {
        World other(server().bootstrap());
        Member member(other, "g", {topic});
        auto const producer = other.bus->make_producer({.transactional_id = other.prefix + "p"});
        int answers = 0;
        producer->initialize([&](auto) { ++answers; });
        producer->commit({.records = {{.topic = topic, .value = "x"}}}, [&](auto) { ++answers; });
        other.bus->read({topic, 0}, 0, 100, [&](auto) { ++answers; });
        other.bus->probe([&](auto) { ++answers; });
        other.bus->send({{.topic = topic, .value = "y"}}, [&](auto) { ++answers; });
    }
    auto const start = std::chrono::steady_clock::now();
    {
        World nowhere("127.0.0.1:1");
        Member member(nowhere, "g", {topic});
        auto const producer = nowhere.bus->make_producer({.transactional_id = "p"});
        producer->initialize([](auto) {});
        nowhere.bus->read({topic, 0}, 0, 100, [](auto) {});
        nowhere.bus->send({{.topic = topic, .value = "y"}}, [](auto) {});
        nowhere.loop.run_until([] { return false; }, 500ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 15s);
}

TEST_F(KafkaBus, TellsThatTheClusterIsAwayAndBack) {
    if (!server().ours()) GTEST_SKIP() << "not our cluster";
    auto const topic = world.topic("t");
    world.send(topic, {"a"});
    Member member(world, "g", {topic});
    ASSERT_TRUE(world.loop.run_until([&] { return member.got.size() == 1; }));
    server().kill();
    ASSERT_TRUE(world.loop.run_until([&] { return member.times_away == 1; }));
    server().start();
    ASSERT_TRUE(world.loop.run_until([&] { return member.times_back == 1; }));
    world.send(topic, {"b"});
    ASSERT_TRUE(world.loop.run_until([&] { return member.got.size() == 2; }));
}

TEST(KafkaBusSettings, RefusesWhatLibrdkafkaDoesNotKnow) {
    TestLoop loop;
    auto const made = make_kafka_bus(
        loop, {.bootstrap = "127.0.0.1:1", .client = {{"sasl.mechanismus", "PLAIN"}}});
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error(), testing::HasSubstr("sasl.mechanismus"));
}

}  // namespace
}  // namespace klamm::kafka_bus::test
