// Delayed events, requests, waits and replays on the real broker, by the embedded bus, in virtual
// time.
#include "klamm/handler/engine/embedded_fixture.h"
#include "klamm/handler/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using bus::Cut;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// An instance whose application publishes, waits and asks.
struct Caller : Instance {
    Caller(bus::BrokerWorld& the_world, App const& the_app, std::string name)
        : Instance(the_world, the_app, {.instance = std::move(name)}) {
        start();
    }
    Position publish(std::string const& key, std::string name) {
        std::optional<bus::Result<Position>> place;
        engine->publish("orders", event_type<Placed>(),
                        std::make_shared<Placed const>(Placed{std::move(name)}), {.key = key},
                        [&](bus::Result<Position> result) { place = std::move(result); });
        EXPECT_TRUE(world.run_until([&] { return place.has_value(); }));
        EXPECT_TRUE(*place);
        return **place;
    }
    std::string wait(Position const& position, Duration patience = Duration{10'000}) {
        std::optional<bus::Result<void>> ended;
        engine->wait_until_processed(position, patience,
                                     [&](bus::Result<void> result) { ended = std::move(result); });
        EXPECT_TRUE(world.run_until([&] { return ended.has_value(); }));
        return *ended ? "" : ended->error().why;
    }
    std::string ask(std::string const& key, std::string name,
                    Duration patience = Duration{10'000}) {
        std::optional<std::string> answer;
        engine->request(
            "orders", event_type<Placed>(), std::make_shared<Placed const>(Placed{std::move(name)}),
            event_type<Billed>(), patience, {.key = key}, [&](auto reply) {
                answer = reply ? static_cast<Billed const*>(reply->get())->name : reply.error().why;
            });
        EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
        return *answer;
    }
};

struct EmbeddedServices : testing::Test {
    bus::BrokerWorld world;
    Outside outside{world};
    App app{"billing"};
    Rig::Handle handle;

    EmbeddedServices() {
        app.topic("orders", {.partitions = 2}).topic("invoices", {.partitions = 1});
        app.on<Placed>("orders", [this](Placed const& placed, Context& context) {
            return handle ? handle(placed, context) : done();
        });
    }
    static std::string event(std::string const& name) { return R"({"name":")" + name + R"("})"; }
};

TEST_F(EmbeddedServices, delayed_events_come_once_over_crashes_of_instance_and_broker) {
    handle = [](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name}, {.delay = milliseconds{30'000}});
        return done();
    };
    std::vector<std::string> expected;
    auto one = std::make_unique<Caller>(world, app, "one");
    for (int n = 0; n < 20; ++n) {
        one->publish("k" + std::to_string(n), "e" + std::to_string(n));
        expected.push_back(event("e" + std::to_string(n)));
        world.pass(Duration{700});
    }
    one = std::make_unique<Caller>(world, app, "one");
    EXPECT_THAT(outside.values("invoices"), IsEmpty());
    world.pass(Duration{20'000});
    EXPECT_FALSE(one->engine->idle());
    one = std::make_unique<Caller>(world, app, "two");
    world.kill();
    world.pass(Duration{1'000});
    world.start();
    world.pass(Duration{120'000});
    EXPECT_TRUE(one->engine->idle());
    EXPECT_THAT(outside.values("invoices"), testing::UnorderedElementsAreArray(expected));
}

TEST_F(EmbeddedServices, requests_are_answered_across_instances) {
    handle = [](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name + "!"});
        return done();
    };
    Caller one(world, app, "one");
    Caller two(world, app, "two");
    world.pass(Duration{20'000});
    for (int n = 0; n < 10; ++n) {
        auto const name = "e" + std::to_string(n);
        EXPECT_EQ((n % 2 == 0 ? one : two).ask(name, name), name + "!");
    }
    EXPECT_FALSE(one.story.outcomes.empty());
    EXPECT_FALSE(two.story.outcomes.empty());
}

TEST_F(EmbeddedServices, a_request_survives_a_broker_that_dies) {
    int runs = 0;
    handle = [&](Placed const& placed, Context& context) {
        ++runs;
        context.reply(Billed{placed.name + "!"});
        return done();
    };
    Caller one(world, app, "one");
    EXPECT_EQ(one.ask("ann", "a"), "a!");
    world.kill();
    world.loop().after(Duration{2'000}, [this] { world.start(); });
    EXPECT_EQ(one.ask("ann", "b", Duration{30'000}), "b!");
    EXPECT_EQ(runs, 2);
}

TEST_F(EmbeddedServices, without_a_reply_the_error_says_where_the_request_is) {
    Caller one(world, app, "one");
    EXPECT_THAT(one.ask("ann", "a", Duration{2'000}),
                testing::MatchesRegex("no reply to the request in orders/[01]@0 within 2000 ms: it "
                                      "may be handled nevertheless"));
}

TEST_F(EmbeddedServices, what_another_instance_handles_is_waited_for) {
    handle = [](Placed const& placed, Context& context) {
        if (placed.name == "later" && context.attempt() < 3)
            return retry_after(milliseconds{500}, "not yet");
        context.send("invoices", Billed{placed.name});
        return done();
    };
    Caller one(world, app, "one");
    Caller two(world, app, "two");
    world.pass(Duration{20'000});
    for (int n = 0; n < 6; ++n) {
        auto const key = "k" + std::to_string(n);
        auto const place = one.publish(key, n == 3 ? "later" : key);
        EXPECT_EQ(two.wait(place), "");
        EXPECT_EQ(outside.values("invoices").size(), static_cast<std::size_t>(n + 1));
        EXPECT_EQ(one.wait(place), "");
    }
}

TEST_F(EmbeddedServices, a_wait_for_an_event_that_is_not_there_says_so) {
    Caller one(world, app, "one");
    auto const place = one.publish("ann", "a");
    ASSERT_EQ(one.wait(place), "");
    Position const next{place.topic, place.partition, place.offset + 1};
    EXPECT_THAT(one.wait(next, Duration{500}), testing::HasSubstr("it is not fetched yet"));
}

TEST_F(EmbeddedServices, a_replay_gives_the_same_events_with_the_same_ids) {
    handle = [](Placed const& placed, Context& context) {
        auto total = context.state<Total>().value_or(Total{});
        ++total.count;
        context.put_state(total);
        context.send("invoices", Billed{placed.name + "#" + std::to_string(total.count)});
        return placed.name == "e7" ? dead_letter("no", "Refused") : done();
    };
    Caller one(world, app, "one");
    for (int n = 0; n < 30; ++n) one.publish("k" + std::to_string(n % 4), "e" + std::to_string(n));
    EXPECT_TRUE(
        world.run_until([&] { return one.story.outcomes.size() == 30 && one.engine->idle(); }));
    int cuts = 0;
    world.cut = [&](std::int16_t) {
        return ++cuts % 9 == 0 ? (cuts % 2 == 0 ? Cut::request : Cut::answer) : Cut::none;
    };
    std::optional<bus::Result<ReplayResult>> ended;
    auto const replay = start_replay(app, {.topic = "orders", .sends = Diverted{"replay."}},
                                     one.parts(), [&](auto result) { ended = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return ended.has_value(); }));
    world.cut = nullptr;
    ASSERT_TRUE(*ended) << ended->error().why;
    auto const& result = **ended;
    EXPECT_EQ(result.events, 30U);
    EXPECT_EQ(result.outcomes.at("dead_letter: Refused"), 1U);
    auto const live = outside.values("invoices");
    EXPECT_EQ(result.sent, live.size());
    EXPECT_THAT(outside.values("replay.invoices", 1), testing::UnorderedElementsAreArray(live));
    EXPECT_EQ(outside.values("replay.orders-dlt", 2).size(),
              outside.values("orders-dlt", 2).size());
    EXPECT_EQ(one.engine->counts().handled, 30U);
}

}  // namespace
}  // namespace klamm::handler::test
