// The engine on the real broker, by the embedded bus, in virtual time: whatever is cut, killed and
// crashed, each input has one effect, and the order of keys is kept.
#include "klamm/handler/engine/embedded_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace klamm::handler::test {
namespace {

using bus::Cut;
using testing::ElementsAre;

/// One App on one broker; the engine may die, and so may the broker.
struct Shop {
    explicit Shop(std::int32_t partitions = 2) {
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

    bus::BrokerWorld world;
    App app{"billing"};
    Instance one{world, app, {.instance = "one"}};
    Outside outside{world};
    Rig::Handle decide;
    int runs = 0;
};

std::string billed(std::string const& name) { return R"({"name":")" + name + R"("})"; }

TEST(EngineEmbedded, events_are_handled_and_their_sends_committed) {
    Shop shop;
    shop.one.start();
    shop.outside.place("ann", "a1");
    shop.outside.place("bob", "b1");
    shop.outside.place("ann", "a2");
    ASSERT_TRUE(shop.one.settle(3));
    EXPECT_THAT(shop.outside.values("invoices"),
                testing::UnorderedElementsAre(billed("a1"), billed("b1"), billed("a2")));
    EXPECT_EQ(shop.one.engine->counts().done, 3U);
}

TEST(EngineEmbedded, a_crash_between_handling_and_commit_has_no_effect) {
    Shop shop;
    shop.one.start();
    bool silent = true;
    shop.world.cut = [&](std::int16_t api) {
        return silent && api == kafka::EndTxnRequest::api.key ? Cut::request : Cut::none;
    };
    shop.outside.place("ann", "a1");
    shop.world.pass(Duration{500});
    EXPECT_EQ(shop.runs, 1);
    shop.one.crash();
    silent = false;
    shop.one.start();
    ASSERT_TRUE(shop.one.settle(1));
    EXPECT_THAT(shop.outside.values("invoices"), ElementsAre(billed("a1")));
}

/// Requests and answers are lost, the engine and the broker die.
void one_effect_each(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Shop shop;
    shop.one.start();
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
        shop.outside.place(key, name);
        if (random.one_in(10)) shop.outside.place(key, name);
        if (random.one_in(25)) {
            shop.one.crash();
            shop.one.start();
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
    EXPECT_TRUE(shop.one.engine->idle());
    auto const invoices = shop.outside.values("invoices");
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
    shop.one.start();
    Instance second(shop.world, shop.app, {.instance = "two"});
    second.start();
    shop.world.pass(Duration{15'000});
    for (int n = 0; n < 40; ++n)
        shop.outside.place("k" + std::to_string(n), "e" + std::to_string(n));
    shop.world.pass(Duration{2'000});
    EXPECT_GT(shop.one.story.outcomes.size(), 0U);
    EXPECT_GT(second.story.outcomes.size(), 0U);
    second.crash();
    for (int n = 40; n < 80; ++n)
        shop.outside.place("k" + std::to_string(n), "e" + std::to_string(n));
    shop.world.pass(Duration{120'000});
    EXPECT_THAT(shop.outside.values("invoices"), testing::SizeIs(80));
    EXPECT_EQ(shop.one.story.outcomes.size() + second.story.outcomes.size(), 80U);
}

TEST(EngineEmbedded, dead_letters_keep_their_key_waiting_over_a_restart) {
    Shop shop;
    shop.decide = [](Placed const& placed, Context&) {
        return placed.name == "a1" ? retry("always", "Broken") : done();
    };
    shop.one.start();
    shop.outside.place("ann", "a1");
    shop.outside.place("ann", "a2");
    ASSERT_TRUE(shop.one.settle(2));
    shop.one.crash();
    shop.one.start();
    shop.outside.place("ann", "a3");
    ASSERT_TRUE(shop.one.settle(3));
    EXPECT_THAT(shop.one.story.outcomes,
                ElementsAre(testing::HasSubstr("dead_letter: Broken"), testing::HasSubstr("parked"),
                            testing::HasSubstr("parked")));
    EXPECT_THAT(shop.outside.values("invoices"), testing::IsEmpty());
}

TEST(EngineEmbedded, stopping_leaves_nothing_behind) {
    Shop shop;
    shop.one.start();
    for (int n = 0; n < 10; ++n)
        shop.outside.place("k" + std::to_string(n), "e" + std::to_string(n));
    std::optional<bool> all;
    shop.one.engine->stop(Duration{10'000}, [&](bool what) { all = what; });
    ASSERT_TRUE(shop.world.run_until([&] { return all.has_value(); }));
    EXPECT_EQ(all, true);
    shop.one.start();
    ASSERT_TRUE(shop.one.settle(10));
    EXPECT_THAT(shop.outside.values("invoices"), testing::SizeIs(10));
}

}  // namespace
}  // namespace klamm::handler::test
