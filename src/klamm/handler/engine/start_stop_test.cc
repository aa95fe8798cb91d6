// How an engine starts, goes on where another one ended, and stops.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- start --------------------------------------------------------------------------------------

TEST(EngineStart, makes_topics_ledgers_and_places_for_dead_letters) {
    Rig rig;
    rig.start();
    ASSERT_TRUE(rig.started && *rig.started);
    EXPECT_TRUE(rig.engine->ready());
    EXPECT_EQ(rig.bus.topics.at("billing-orders-ledger").configs.at("cleanup.policy"), "compact");
    EXPECT_EQ(rig.bus.topics.at("billing-orders-ledger").partitions, 1);
    EXPECT_EQ(rig.bus.topics.at("orders-dlt").configs.at("retention.ms"), "-1");
}

TEST(EngineStart, refuses_a_log_that_lacks_something_with_its_words) {
    Rig rig;
    rig.bus.capabilities.lacks = "it has no transactions: run Kafka 2.5 or newer";
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("Kafka 2.5"));
    EXPECT_FALSE(rig.engine->health().healthy());
}

TEST(EngineStart, refuses_a_ledger_with_another_number_of_partitions) {
    Rig rig;
    rig.bus.topics["orders"] = {.name = "orders", .partitions = 4};
    rig.bus.topics["billing-orders-ledger"] = {.name = "billing-orders-ledger", .partitions = 2};
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("orders has 4 partitions, but"));
}

TEST(EngineStart, refuses_two_handlers_of_one_type_in_one_topic) {
    Rig rig;
    rig.app.on<Placed>("orders", [](Placed const&, Context&) { return done(); });
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("two handlers for orders.placed"));
}

TEST(EngineStart, waits_for_a_log_that_is_away_for_an_hour) {
    Rig rig;
    rig.bus.is_away = true;
    rig.start();
    rig.run(3'600'000);
    EXPECT_FALSE(rig.started);
    EXPECT_FALSE(rig.engine->health().healthy());
    rig.bus.is_away = false;
    rig.run(20'000);
    ASSERT_TRUE(rig.started && *rig.started);
    EXPECT_TRUE(rig.engine->health().healthy());
}

// ---- restore ------------------------------------------------------------------------------------

TEST(EngineRestore, waits_for_what_an_open_transaction_hides_in_the_ledger) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.crash();
    // The last stable offset of the ledger stands before what was committed.
    auto const all = rig.bus.logs[{"billing-orders-ledger", 0}];
    rig.bus.logs[{"billing-orders-ledger", 0}] = {};
    rig.start();
    rig.place("bob", "a");
    rig.run(30'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_FALSE(rig.engine->idle());
    EXPECT_THAT(to_json(rig.engine->health()), HasSubstr("an open transaction hides it"));
    rig.bus.logs[{"billing-orders-ledger", 0}] = all;
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_EQ(rig.engine->counts().duplicates, 1U);
}

TEST(EngineRestore, goes_on_without_a_ledger_that_was_deleted_after_every_transaction_has_ended) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.crash();
    rig.bus.logs[{"billing-orders-ledger", 0}] = {};
    rig.start();
    rig.place("ann", "b");
    rig.run(800'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    rig.run(200'000);
    EXPECT_THAT(rig.handled, ElementsAre("a", "b"));
    EXPECT_THAT(rig.story.logs, testing::Contains(HasSubstr("it has been deleted or emptied")));
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

TEST(EngineRestore, goes_on_where_its_ledger_says_when_the_group_was_forgotten) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.bus.append({.topic = "orders", .key = "bob", .value = R"({"name":"without an id"})"});
    rig.run();
    EXPECT_THAT(rig.handled, testing::SizeIs(2));
    rig.crash();
    rig.bus.groups.clear();
    rig.start();
    rig.place("ann", "b");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a", "without an id", "b"));
    EXPECT_EQ(rig.committed().offset, 3);
}

// ---- stop ---------------------------------------------------------------------------------------

TEST(EngineStop, finishes_what_runs_and_leaves_the_rest) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.workers.release_all();
    rig.run();
    EXPECT_EQ(all, true);
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    EXPECT_EQ(rig.committed().offset, 1);
    rig.crash();
    rig.start();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a2"));
}

TEST(EngineStop, a_run_may_end_when_the_engine_is_gone) {
    Rig rig([](Placed const& placed, Context& context) -> Outcome {
        context.send("invoices", Billed{placed.name});
        throw std::runtime_error(placed.name);
    });
    rig.workers.hold = rig.workers.late = true;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.handled, IsEmpty());
    rig.crash();
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), IsEmpty());
}

TEST(EngineStop, ends_a_start_that_waits_for_the_log) {
    Rig rig;
    rig.bus.is_away = true;
    rig.start();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.run();
    EXPECT_EQ(all, true);
    ASSERT_TRUE(rig.started);
    EXPECT_FALSE(*rig.started);
    rig.bus.is_away = false;
    rig.run(60'000);
    EXPECT_EQ(rig.bus.joins, 0);
}

TEST(EngineStop, does_not_wait_for_ever) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.run(11'000);
    EXPECT_EQ(all, false);
    rig.crash();
    rig.workers.release_all();
    rig.run();
}

}  // namespace
}  // namespace klamm::handler::test
