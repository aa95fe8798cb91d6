#include "klamm/sim/run.h"
#include "klamm/sim/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace klamm::sim {
namespace {

constexpr std::uint64_t swarm_first = 1;
constexpr std::uint64_t swarm_seeds = 150;
constexpr std::uint64_t mutation_seeds = 40;
constexpr std::uint64_t crash_seed = 5;

TEST(Sim, a_swarm_of_seeds_violates_nothing_and_meets_every_fault) {
    auto const report =
        run({.first_seed = swarm_first, .seeds = swarm_seeds, .progress = {}, .stop = {}});
    ASSERT_FALSE(report.failing_seed) << report.story;
    for (std::size_t i = 0; i < fault_kinds; ++i)
        EXPECT_GT(report.faults[i], 0U) << "no run ever met: " << to_string(Fault(i));
    EXPECT_GT(report.torn_tails, 0U);
    EXPECT_GT(report.damages_named, 0U);
    EXPECT_GT(report.checkpoints_passed_over, 0U);
    EXPECT_GT(report.deletions, 0U);
    EXPECT_GT(report.checkpoints, 0U);
    EXPECT_GT(report.commits, 0U);
    EXPECT_GT(report.committed_transactions, 0U);
    EXPECT_GT(report.aborted_transactions, 0U);
    EXPECT_GT(report.merges, 0U);
    EXPECT_GT(report.repacks, 0U);
    EXPECT_GT(report.passes, 0U);
    EXPECT_GT(report.records_compacted, 0U);
    EXPECT_GT(report.jobs_cut, 0U);
}

TEST(Sim, a_seed_gives_the_same_run_each_time) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        auto const first = run_world(plan_of(seed));
        auto const second = run_world(plan_of(seed));
        EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
        EXPECT_EQ(first.events, second.events) << "seed " << seed;
    }
}

/// A small cluster without any other fault, in which power is lost behind one entry after another.
TEST(Sim, power_may_be_lost_behind_each_entry) {
    for (bool const synced : {false, true}) {
        std::uint64_t entries = 1;
        for (std::uint64_t at = 1; at <= entries; ++at) {
            Plan plan;
            plan.seed = crash_seed;
            plan.duration = 2 * second;
            plan.partitions = 2;
            plan.writers = plan.applications = 1;
            plan.crash_at_entry = at;
            plan.crash_synced = synced;
            auto const outcome = run_world(plan);
            ASSERT_FALSE(outcome.violation)
                << "behind entry " << at << (synced ? ", synced: " : ": ")
                << outcome.violation->invariant << ": " << outcome.violation->what;
            // What a shorter life never came to write cannot be lost.
            EXPECT_TRUE(outcome.lives.power_losses == 1 || outcome.entries <= at);
            entries = outcome.entries;
        }
        EXPECT_GT(entries, 50U);
    }
}

TEST(Sim, different_seeds_give_different_runs) {
    EXPECT_NE(run_world(plan_of(1)).trace_hash, run_world(plan_of(2)).trace_hash);
}

/// A checker that cannot fail proves nothing.
struct Broken {
    Mutation mutation;
    std::string invariant;
    std::function<void(Plan&)> change;
};

void PrintTo(Broken const& broken, std::ostream* out) { *out << broken.invariant; }

class Mutated : public testing::TestWithParam<Broken> {};

TEST_P(Mutated, broker_is_found_out) {
    auto const& broken = GetParam();
    for (std::uint64_t seed = 1; seed <= mutation_seeds; ++seed) {
        auto plan = plan_of(seed);
        plan.writers = plan.applications = 0;  // their checkers might notice first
        plan.mutation = broken.mutation;
        broken.change(plan);
        auto const outcome = run_world(plan);
        if (!outcome.violation) continue;
        EXPECT_EQ(outcome.violation->invariant, broken.invariant) << outcome.violation->what;
        return;
    }
    FAIL() << "no seed out of " << mutation_seeds << " showed that " << broken.invariant
           << " is violated";
}

INSTANTIATE_TEST_SUITE_P(
    Sim, Mutated,
    testing::Values(
        Broken{Mutation::ack_before_sync, "no_lost_ack",
               [](Plan& plan) {
                   plan.groups = plan.modern_groups = 0;  // readers would notice first
                   plan.admin = false;
                   plan[Fault::power_loss] = 10;
               }},
        Broken{Mutation::ack_before_sync, "high_watermark", [](Plan& plan) { plan.groups = 1; }},
        Broken{Mutation::forget_entry, "durable_prefix",
               [](Plan& plan) { plan[Fault::kill] = 20; }},
        Broken{Mutation::shift_offsets, "offsets_dense", [](Plan& plan) { plan.groups = 1; }},
        Broken{Mutation::double_assignment, "single_owner",
               [](Plan& plan) {
                   plan.groups = 1;
                   plan.members = 2;
               }},
        Broken{Mutation::no_sequence_check, "idempotent_once",
               [](Plan& plan) {
                   plan.idempotent_producers = 2;
                   plan[Fault::response_lost] = 20;
               }},
        Broken{Mutation::lose_moved_run, "no_lost_ack",
               [](Plan& plan) {
                   plan.groups = 0;  // readers would notice first
                   plan.admin = false;
                   plan.table = false;
                   plan[Fault::kill] = 10;
               }},
        Broken{Mutation::drop_newest, "compaction_keeps",
               [](Plan& plan) {
                   plan.table = true;
                   plan[Fault::kill] = 10;
               }},
        Broken{Mutation::swallow_deletion, "log_start", [](Plan& plan) { plan.admin = true; }},
        Broken{Mutation::swallow_commit, "committed_never_back",
               [](Plan& plan) {
                   plan.groups = 1;
                   plan[Fault::client_gone] = 20;
               }}),
    [](auto const& each) {
        return each.param.invariant + "_" + std::to_string(int(each.param.mutation));
    });

TEST(Sim, the_story_of_a_failure_is_short_and_says_how_to_repeat_it) {
    Plan plan;
    do {
        plan = plan_of(plan.seed + 1);
        ASSERT_LE(plan.seed, mutation_seeds);
        plan.writers = plan.applications = 0;
        plan.mutation = Mutation::no_sequence_check;
        plan.idempotent_producers = 3;
        plan[Fault::response_lost] = 20;
    } while (!run_world(plan).violation);
    auto const story = shrink(plan);
    EXPECT_LT(story.plan.duration, plan.duration);
    EXPECT_GT(std::ranges::count(story.plan.one_in, 0U), std::ranges::count(plan.one_in, 0U));
    auto const text = to_text(story);
    EXPECT_THAT(text, testing::HasSubstr("idempotent_once is violated"));
    EXPECT_THAT(text, testing::HasSubstr("klamm sim --seed " + std::to_string(plan.seed)));
}

}  // namespace
}  // namespace klamm::sim
