// Transactions that end otherwise than well, and partitions that come and go.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;

// ---- transactions -------------------------------------------------------------------------------

TEST(EngineCommit, an_aborted_transaction_is_done_again_without_running_handlers_again) {
    Rig rig(bill_to("invoices"));
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::aborted, FakeBus::Kind::aborted};
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.transactions, 3);
    EXPECT_EQ(rig.engine->counts().transactions_failed, 2U);
}

TEST(EngineCommit, one_that_was_fenced_begins_anew_from_what_is_committed) {
    Rig rig(bill_to("invoices"));
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::fenced};
    rig.place("ann", "a");
    rig.run(10'000);
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.joins, 2);
    EXPECT_TRUE(rig.engine->health().healthy());
}

TEST(EngineCommit, one_that_is_fenced_again_and_again_stays_away) {
    Rig rig;
    rig.start();
    rig.bus.commit_fails.assign(100, FakeBus::Kind::fenced);
    rig.place("ann", "a");
    rig.run(600'000);
    EXPECT_EQ(rig.bus.joins, 5);
    EXPECT_FALSE(rig.engine->health().healthy());
}

TEST(EngineCommit, an_unknown_outcome_is_found_out_by_reading_what_is_committed) {
    Rig rig(bill_to("invoices"));
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::unknown_outcome};
    rig.place("ann", "a");
    rig.place("ann", "b");
    rig.run(10'000);
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a", "b"));
}

TEST(EngineCommit, an_event_whose_effects_are_refused_becomes_a_dead_letter_and_others_go_on) {
    Rig rig(bill_to("invoices"));
    rig.bus.refuses = [](bus::Transaction const& transaction) {
        return std::ranges::any_of(transaction.all_records(), [](auto const* record) {
            return record->topic == "invoices" && record->value == R"({"name":"bad"})";
        });
    };
    rig.start();
    rig.bus.hold_commits = true;
    rig.place("zoe", "first");
    rig.run();
    for (auto const* name : {"a", "bad", "c"}) rig.place(name, name);
    rig.run();
    rig.bus.hold_commits = false;
    rig.run(30'000);
    EXPECT_THAT(rig.names("invoices"), testing::UnorderedElementsAre("first", "a", "c"));
    EXPECT_THAT(rig.dead(), ElementsAre("bad"));
    EXPECT_EQ(rig.letters().at(0).error_type, "refused");
    EXPECT_EQ(rig.committed().offset, 4);
}

TEST(EngineCommit, a_log_that_goes_away_gets_the_same_transaction_when_it_is_back) {
    Rig rig(bill_to("invoices"));
    rig.start();
    rig.bus.commit_fails.assign(100, FakeBus::Kind::away);
    rig.place("ann", "a");
    rig.run(600'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.joins, 1);
}

TEST(EngineCommit, results_wait_when_the_metadata_has_no_room) {
    Rig rig;
    rig.app.options().concurrency = 5'000;
    rig.app.options().in_flight_max = 10'000;
    rig.workers.hold = true;
    rig.start();
    for (int n = 0; n < 4'000; ++n) {
        auto const name = std::to_string(n);
        rig.place(name, name);
    }
    rig.run();
    ASSERT_EQ(rig.workers.held(), 4'000U);
    // Each second one ends: islands, as many as there can be.
    for (std::size_t n = 1; n <= 1'999; ++n) rig.workers.release(n);
    rig.run();
    EXPECT_LE(rig.committed().metadata.size(), 4'096U);
    EXPECT_EQ(rig.committed().offset, 0);
    auto const committed = rig.story.outcomes.size();
    EXPECT_GT(committed, 500U);
    EXPECT_LT(committed, 1'999U);
    rig.workers.release_all();
    rig.run();
    EXPECT_EQ(rig.committed().offset, 4'000);
    EXPECT_THAT(rig.story.outcomes, testing::SizeIs(4'000));
}

TEST(EngineCommit, one_transaction_at_a_time_and_the_next_takes_all_that_waits) {
    Rig rig;
    rig.start();
    rig.bus.hold_commits = true;
    for (int n = 0; n < 20; ++n) {
        rig.place("k", "e" + std::to_string(n));
        rig.run(100);
    }
    EXPECT_EQ(rig.bus.transactions, 1);
    rig.bus.hold_commits = false;
    rig.run();
    EXPECT_EQ(rig.bus.transactions, 2);
    EXPECT_EQ(rig.committed().offset, 20);
}

// ---- memberships --------------------------------------------------------------------------------

TEST(EngineRebalance, what_runs_is_finished_and_committed_before_a_partition_is_released) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run();
    bool released = false;
    rig.bus.revoke({{"orders", 0}}, released);
    rig.run(1'000);
    EXPECT_FALSE(released);
    rig.workers.release_all();
    rig.run(1'000);
    EXPECT_TRUE(released);
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    EXPECT_EQ(rig.committed().offset, 1);
    EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@0 done"));
}

TEST(EngineRebalance, a_handler_that_takes_too_long_does_not_hold_up_the_group) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.run();
    bool released = false;
    rig.bus.revoke({{"orders", 0}}, released);
    rig.run(60'000);
    EXPECT_TRUE(released);
    EXPECT_EQ(rig.committed().offset, -1);
    // The partition comes back: the key waits for the handler that is still at it.
    rig.bus.assign({{"orders", 0}});
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1"));
    EXPECT_EQ(rig.committed().offset, 1);
}

TEST(EngineRebalance, results_of_a_lost_partition_are_thrown_away) {
    Rig rig(nullptr, {}, 2);
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::aborted};
    rig.bus.hold_commits = true;
    rig.place("ann", "a", 0);
    rig.place("bob", "b", 1);
    rig.run();
    rig.bus.lose({{"orders", 0}});
    rig.bus.hold_commits = false;
    rig.run();
    EXPECT_EQ(rig.committed(0).offset, -1);
    EXPECT_EQ(rig.committed(1).offset, 1);
    rig.bus.assign({{"orders", 0}});
    rig.run();
    EXPECT_EQ(rig.committed(0).offset, 1);
}

}  // namespace
}  // namespace klamm::handler::test
