// Delayed events, requests, waits and replays on the real broker, by the embedded bus, in virtual
// time.
#include "klamm/bus/bus_fixture.h"
#include "klamm/handler/engine/rig.h"
#include "klamm/handler/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using bus::BrokerWorld;
using bus::Cut;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LoopWorkers final : public Workers {
public:
    explicit LoopWorkers(bus::Loop& loop) : loop_(loop) {}
    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override {
        work();
        loop_.after(Duration{1}, std::move(finished));
    }

private:
    bus::Loop& loop_;
};

/// An instance of the App, with a connection of its own.
struct Instance {
    Instance(BrokerWorld& the_world, App const& app, std::string name)
        : world(the_world),
          engine(make_engine(app, {.instance = std::move(name)},
                             {world.loop(), *bus, workers, *codecs, story})) {
        bool joined = false;
        engine->start([&](bus::Result<void> result) {
            EXPECT_TRUE(result) << result.error().why;
            joined = true;
        });
        EXPECT_TRUE(world.run_until([&] { return joined && engine->ready(); }));
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
    std::vector<std::string> values(std::string const& topic, std::int32_t partitions) {
        std::vector<std::string> found;
        for (std::int32_t n = 0; n < partitions; ++n) {
            std::int64_t next = 0;
            for (bool over = false; !over;) {
                bool answered = false;
                bus->read({topic, n}, next, 1 << 20, [&](bus::Result<bus::ReadResult> read) {
                    answered = true;
                    if (!read) return;
                    for (auto const& record : read->records)
                        found.push_back(FakeBus::text(record.value));
                    next = read->next;
                    over = read->next >= read->end;
                });
                EXPECT_TRUE(world.run_until([&] { return answered; }));
            }
        }
        return found;
    }

    BrokerWorld& world;
    std::unique_ptr<bus::Bus> bus = world.make_bus();
    LoopWorkers workers{world.loop()};
    std::unique_ptr<Codecs> codecs = make_codecs(Format::json, nullptr, world.loop());
    Story story;
    std::unique_ptr<Engine> engine;
};

struct EmbeddedServices : testing::Test {
    BrokerWorld world;
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
    auto one = std::make_unique<Instance>(world, app, "one");
    for (int n = 0; n < 20; ++n) {
        one->publish("k" + std::to_string(n), "e" + std::to_string(n));
        expected.push_back(event("e" + std::to_string(n)));
        world.pass(Duration{700});
    }
    one = std::make_unique<Instance>(world, app, "one");
    EXPECT_THAT(one->values("invoices", 1), IsEmpty());
    world.pass(Duration{20'000});
    EXPECT_FALSE(one->engine->idle());
    one = std::make_unique<Instance>(world, app, "two");
    world.kill();
    world.pass(Duration{1'000});
    world.start();
    world.pass(Duration{120'000});
    EXPECT_TRUE(one->engine->idle());
    EXPECT_THAT(one->values("invoices", 1), testing::UnorderedElementsAreArray(expected));
}

TEST_F(EmbeddedServices, requests_are_answered_across_instances) {
    handle = [](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name + "!"});
        return done();
    };
    Instance one(world, app, "one");
    Instance two(world, app, "two");
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
    Instance one(world, app, "one");
    EXPECT_EQ(one.ask("ann", "a"), "a!");
    world.kill();
    world.loop().after(Duration{2'000}, [this] { world.start(); });
    EXPECT_EQ(one.ask("ann", "b", Duration{30'000}), "b!");
    EXPECT_EQ(runs, 2);
}

TEST_F(EmbeddedServices, without_a_reply_the_error_says_where_the_request_is) {
    Instance one(world, app, "one");
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
    Instance one(world, app, "one");
    Instance two(world, app, "two");
    world.pass(Duration{20'000});
    for (int n = 0; n < 6; ++n) {
        auto const key = "k" + std::to_string(n);
        auto const place = one.publish(key, n == 3 ? "later" : key);
        EXPECT_EQ(two.wait(place), "");
        EXPECT_EQ(one.values("invoices", 1).size(), static_cast<std::size_t>(n + 1));
        EXPECT_EQ(one.wait(place), "");
    }
}

TEST_F(EmbeddedServices, a_wait_for_an_event_that_is_not_there_says_so) {
    Instance one(world, app, "one");
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
    Instance one(world, app, "one");
    for (int n = 0; n < 30; ++n) one.publish("k" + std::to_string(n % 4), "e" + std::to_string(n));
    EXPECT_TRUE(
        world.run_until([&] { return one.story.outcomes.size() == 30 && one.engine->idle(); }));
    int cuts = 0;
    world.cut = [&](std::int16_t) {
        return ++cuts % 9 == 0 ? (cuts % 2 == 0 ? Cut::request : Cut::answer) : Cut::none;
    };
    std::optional<bus::Result<ReplayResult>> ended;
    auto const replay = start_replay(app, {.topic = "orders", .sends = Diverted{"replay."}},
                                     {world.loop(), *one.bus, one.workers, *one.codecs, one.story},
                                     [&](auto result) { ended = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return ended.has_value(); }));
    world.cut = nullptr;
    ASSERT_TRUE(*ended) << ended->error().why;
    auto const& result = **ended;
    EXPECT_EQ(result.events, 30U);
    EXPECT_EQ(result.outcomes.at("dead_letter: Refused"), 1U);
    auto const live = one.values("invoices", 1);
    EXPECT_EQ(result.sent, live.size());
    EXPECT_THAT(one.values("replay.invoices", 1), testing::UnorderedElementsAreArray(live));
    EXPECT_EQ(one.values("replay.orders-dlt", 2).size(), one.values("orders-dlt", 2).size());
    EXPECT_EQ(one.engine->counts().handled, 30U);
}

}  // namespace
}  // namespace klamm::handler::test
