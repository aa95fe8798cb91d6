// The engine on the real broker, by the embedded bus, in virtual time: whatever is cut, killed and
// crashed, each input has one effect, and the order of keys is kept.
#include "klamm/bus/bus_fixture.h"
#include "klamm/handler/cloud_event.h"
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace klamm::handler::test {
namespace {

using bus::BrokerWorld;
using bus::Cut;
using testing::ElementsAre;

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

/// One App on one broker; the engine may die, and so may the broker.
class Shop {
public:
    explicit Shop(std::int32_t partitions = 2) : app("billing") {
        app.topic("orders", {.partitions = partitions}).topic("invoices", {.partitions = 1});
        app.on<Placed>("orders",
                       [this](Placed const& placed, Context& context) -> Outcome {
                           ++runs;
                           context.send("invoices", Billed{placed.name});
                           auto total = context.state<Total>().value_or(Total{});
                           ++total.count;
                           context.put_state(total);
                           return decide ? decide(placed, context) : done();
                       },
                       {.retry = {.attempts = 3, .first = milliseconds{50}}});
    }
    void start(std::string instance = "one") {
        engine = make_engine(app, {.instance = std::move(instance)},
                             {world.loop(), *engine_bus, workers, *codecs, story});
        bool joined = false;
        engine->start([&](bus::Result<void> result) {
            EXPECT_TRUE(result) << result.error().why;
            joined = true;
        });
        EXPECT_TRUE(world.run_until([&] { return joined && engine->ready(); }));
    }
    void place(std::string const& key, std::string const& name) {
        Headers headers;
        write_context(headers, {.id = name,
                                .source = "/shop",
                                .type = "orders.placed",
                                .content_type = "application/json"});
        std::vector<bus::Outgoing> records;
        records.push_back({.topic = "orders",
                           .key = key,
                           .value = R"({"name":")" + name + R"("})",
                           .headers = std::move(headers)});
        bool sent = false;
        outside->send(std::move(records), [&](auto result) {
            EXPECT_TRUE(result) << result.error().why;
            sent = true;
        });
        EXPECT_TRUE(world.run_until([&] { return sent; }));
    }
    std::vector<std::string> values(std::string const& topic, std::int32_t partition = 0) {
        std::vector<std::string> found;
        std::int64_t next = 0;
        for (bool over = false; !over;) {
            bool answered = false;
            outside->read({topic, partition}, next, 1 << 20,
                          [&](bus::Result<bus::ReadResult> read) {
                              answered = true;
                              if (!read) return;
                              for (auto const& record : read->records)
                                  found.push_back(FakeBus::text(record.value));
                              next = read->next;
                              over = read->next >= read->end;
                          });
            EXPECT_TRUE(world.run_until([&] { return answered; }));
        }
        return found;
    }
    bool settle(std::size_t handled) {
        return world.run_until([&] { return story.outcomes.size() >= handled && engine->idle(); });
    }

    BrokerWorld world;
    std::unique_ptr<bus::Bus> engine_bus = world.make_bus();
    std::unique_ptr<bus::Bus> outside = world.make_bus();
    LoopWorkers workers{world.loop()};
    std::unique_ptr<Codecs> codecs = make_codecs(Format::json, nullptr, world.loop());
    Story story;
    App app;
    std::function<Outcome(Placed const&, Context&)> decide;
    int runs = 0;
    std::unique_ptr<Engine> engine;
};

std::string billed(std::string const& name) { return R"({"name":")" + name + R"("})"; }

TEST(EngineEmbedded, events_are_handled_and_their_sends_committed) {
    Shop shop;
    shop.start();
    shop.place("ann", "a1");
    shop.place("bob", "b1");
    shop.place("ann", "a2");
    ASSERT_TRUE(shop.settle(3));
    EXPECT_THAT(shop.values("invoices"),
                testing::UnorderedElementsAre(billed("a1"), billed("b1"), billed("a2")));
    EXPECT_EQ(shop.engine->counts().done, 3U);
}

TEST(EngineEmbedded, a_crash_between_handling_and_commit_has_no_effect) {
    Shop shop;
    shop.start();
    bool silent = true;
    shop.world.cut = [&](std::int16_t api) {
        return silent && api == kafka::EndTxnRequest::api.key ? Cut::request : Cut::none;
    };
    shop.place("ann", "a1");
    shop.world.pass(Duration{500});
    EXPECT_EQ(shop.runs, 1);
    shop.engine.reset();
    silent = false;
    shop.start();
    ASSERT_TRUE(shop.settle(1));
    EXPECT_THAT(shop.values("invoices"), ElementsAre(billed("a1")));
}

/// Requests and answers are lost, the engine and the broker die.
void one_effect_each(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Shop shop;
    shop.start();
    Random random(seed);
    bool faults = true;
    int cuts = 0;
    shop.world.cut = [&](std::int16_t) {
        if (!faults || !random.one_in(15)) return Cut::none;
        ++cuts;
        return random.one_in(2) ? Cut::request : Cut::answer;
    };
    // Each third event fails at first, and some come twice.
    std::set<std::string> failed;
    shop.decide = [&](Placed const& placed, Context&) {
        return placed.name.ends_with("3") && failed.insert(placed.name).second ? retry("once more")
                                                                               : done();
    };
    constexpr int events = 100;
    std::vector<std::string> expected;
    for (int n = 0; n < events; ++n) {
        auto const key = "k" + std::to_string(random.below(5));
        auto const name = key + "-" + std::to_string(n);
        expected.push_back(billed(name));
        shop.place(key, name);
        if (random.one_in(10)) shop.place(key, name);
        if (random.one_in(25)) {
            shop.engine.reset();
            shop.start();
        }
        if (random.one_in(30)) {
            shop.world.kill();
            shop.world.pass(Duration{300});
            shop.world.start();
        }
        shop.world.pass(Duration{static_cast<std::int64_t>(random.below(40))});
    }
    faults = false;
    EXPECT_GT(cuts, 5);
    shop.world.pass(Duration{60'000});
    EXPECT_TRUE(shop.engine->idle());
    auto const invoices = shop.values("invoices");
    EXPECT_THAT(invoices, testing::UnorderedElementsAreArray(expected));
    for (int key = 0; key < 5; ++key) {
        int last = -1;
        auto const begin = R"({"name":"k)" + std::to_string(key) + "-";
        for (auto const& invoice : invoices)
            if (invoice.starts_with(begin)) {
                int const number = std::stoi(invoice.substr(begin.size()));
                EXPECT_GT(number, last);
                last = number;
            }
    }
}

TEST(EngineEmbedded, lost_answers_dying_brokers_and_crashes_leave_one_effect_each) {
    auto const* const seeds = std::getenv("KLAMM_SEEDS");
    auto const count = seeds != nullptr ? std::stoull(seeds) : 20;
    for (std::uint64_t seed = 1; seed <= count && !HasFailure(); ++seed) one_effect_each(seed);
}

TEST(EngineEmbedded, two_instances_share_partitions_and_a_dead_one_is_replaced) {
    Shop shop(4);
    shop.start("one");
    auto const second_bus = shop.world.make_bus();
    Story second_story;
    auto second =
        make_engine(shop.app, {.instance = "two"},
                    {shop.world.loop(), *second_bus, shop.workers, *shop.codecs, second_story});
    second->start([](auto const&) {});
    shop.world.pass(Duration{15'000});
    for (int n = 0; n < 40; ++n) shop.place("k" + std::to_string(n), "e" + std::to_string(n));
    shop.world.pass(Duration{2'000});
    EXPECT_GT(shop.story.outcomes.size(), 0U);
    EXPECT_GT(second_story.outcomes.size(), 0U);
    second.reset();
    for (int n = 40; n < 80; ++n) shop.place("k" + std::to_string(n), "e" + std::to_string(n));
    shop.world.pass(Duration{120'000});
    EXPECT_THAT(shop.values("invoices"), testing::SizeIs(80));
    EXPECT_EQ(shop.story.outcomes.size() + second_story.outcomes.size(), 80U);
}

TEST(EngineEmbedded, dead_letters_keep_their_key_waiting_over_a_restart) {
    Shop shop;
    shop.decide = [](Placed const& placed, Context&) {
        return placed.name == "a1" ? retry("always", "Broken") : done();
    };
    shop.start();
    shop.place("ann", "a1");
    shop.place("ann", "a2");
    ASSERT_TRUE(shop.settle(2));
    shop.engine.reset();
    shop.start();
    shop.place("ann", "a3");
    ASSERT_TRUE(shop.settle(3));
    EXPECT_THAT(shop.story.outcomes,
                ElementsAre(testing::HasSubstr("dead_letter: Broken"), testing::HasSubstr("parked"),
                            testing::HasSubstr("parked")));
    EXPECT_THAT(shop.values("invoices"), testing::IsEmpty());
}

TEST(EngineEmbedded, stopping_leaves_nothing_behind) {
    Shop shop;
    shop.start();
    for (int n = 0; n < 10; ++n) shop.place("k" + std::to_string(n), "e" + std::to_string(n));
    std::optional<bool> all;
    shop.engine->stop(Duration{10'000}, [&](bool what) { all = what; });
    ASSERT_TRUE(shop.world.run_until([&] { return all.has_value(); }));
    EXPECT_EQ(all, true);
    shop.start();
    ASSERT_TRUE(shop.settle(10));
    EXPECT_THAT(shop.values("invoices"), testing::SizeIs(10));
}

}  // namespace
}  // namespace klamm::handler::test
