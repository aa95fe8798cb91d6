// The broker with one guard taken out is found out by a checker, within a thousand seeds.
#include "klamm/base/guard.h"
#include "klamm/sim/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace klamm {
namespace {

constexpr std::uint64_t seeds_max = 1000;
constexpr std::uint64_t seeds_of_the_whole = 20;

std::optional<Guard> taken_out;

}  // namespace

inline namespace removable {
bool guard(Guard which) { return taken_out != which; }
}  // namespace removable

namespace {

using sim::Fault;
using sim::Plan;

struct Mutant {
    Guard without;
    std::string name;
    std::vector<std::string> found_by;  ///< any of these checkers
    std::function<void(Plan&)> plan;    ///< so that it falls soon
};

void PrintTo(Mutant const& mutant, std::ostream* out) { *out << mutant.name; }

/// Transactions above all.
void transactional(Plan& plan) {
    plan.writers = plan.applications = 1;
    plan.idempotent_producers = 1;
    plan.plain_producers = 0;
    plan.groups = plan.members = 1;
    plan.modern_groups = 0;
}

std::vector<Mutant> const mutants{
    {Guard::reply_waits_for_sync,
     "reply_waits_for_sync",
     {"no_lost_ack"},
     [](Plan& plan) {
         plan[Fault::power_loss] = 10;
         plan.groups = plan.modern_groups = 0;  // readers would notice first, as would the admin
         plan.admin = false;
     }},
    {Guard::readers_wait_for_sync,
     "readers_wait_for_sync",
     {"high_watermark"},
     [](Plan& plan) { plan.groups = 1; }},
    {Guard::sequence_check,
     "sequence_check",
     {"idempotent_once"},
     [](Plan& plan) {
         plan.idempotent_producers = 2;
         plan[Fault::response_lost] = 20;
     }},
    {Guard::checksum_on_read,
     "checksum_on_read",
     {"protocol"},
     [](Plan& plan) {
         plan.groups = 1;
         plan[Fault::flipped_bit] = 5;
     }},
    {Guard::older_checkpoint_kept,
     "older_checkpoint_kept",
     {"recovery"},
     [](Plan& plan) {
         plan.partitions = 1;  // so that deletions free whole segments
         plan.admin = true;
         plan[Fault::kill] = 20;
         plan[Fault::flipped_bit] = 0;  // nothing is trimmed as long as a bit is wrong
         plan[Fault::flipped_checkpoint] = 10;
     }},
    {Guard::offsets_in_checkpoint,
     "offsets_in_checkpoint",
     {"committed_never_back"},
     [](Plan& plan) {
         plan.groups = 1;
         plan[Fault::kill] = 20;
     }},
    {Guard::owner_gives_up_first,
     "owner_gives_up_first",
     {"single_owner"},
     [](Plan& plan) {
         plan.partitions = 4;
         plan.modern_groups = 1;
         plan.modern_members = 3;
     }},
    {Guard::end_checks_epoch,
     "end_checks_epoch",
     {"transaction_atomic"},
     [](Plan& plan) {
         transactional(plan);
         plan[Fault::paused] = 8;
     }},
    {Guard::late_requests_refused,
     "late_requests_refused",
     {"transaction_atomic", "last_stable", "exactly_once"},
     [](Plan& plan) {
         transactional(plan);
         plan.writers = 3;
         plan[Fault::late_copy] = 8;
     }},
    {Guard::last_stable_waits,
     "last_stable_waits",
     {"last_stable", "committed_reads"},
     transactional},
    {Guard::aborted_in_checkpoint,
     "aborted_in_checkpoint",
     {"committed_reads"},
     [](Plan& plan) {
         transactional(plan);
         plan[Fault::kill] = 20;
     }},
    {Guard::aborted_offsets_dropped,
     "aborted_offsets_dropped",
     {"exactly_once"},
     [](Plan& plan) {
         transactional(plan);
         plan.applications = 2;
     }},
    {Guard::pending_offsets_awaited,
     "pending_offsets_awaited",
     {"exactly_once"},
     [](Plan& plan) {
         transactional(plan);
         plan.applications = 3;
         plan.duration = 30 * sim::second;  // sessions end in it
         plan[Fault::paused] = 3;
     }},
    {Guard::markers_outlive_records,
     "markers_outlive_records",
     {"compaction_keeps"},
     [](Plan& plan) {
         plan.table = true;
         plan[Fault::kill] = 10;
     }},
};

class Mutants : public testing::TestWithParam<Mutant> {
protected:
    ~Mutants() override { taken_out.reset(); }
};

sim::Outcome outcome_of(Mutant const& mutant, std::uint64_t seed) {
    auto plan = sim::plan_of(seed);
    plan.writers = plan.applications = 0;  // unless the mutant wants them
    plan.table = false;
    mutant.plan(plan);
    return sim::run_world(plan);
}

TEST_P(Mutants, are_found_out) {
    auto const& mutant = GetParam();
    taken_out = mutant.without;
    for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
        auto const outcome = outcome_of(mutant, seed);
        if (!outcome.violation) continue;
        auto const& [invariant, what] = *outcome.violation;
        EXPECT_THAT(mutant.found_by, testing::Contains(invariant)) << what;
        taken_out.reset();
        EXPECT_FALSE(outcome_of(mutant, seed).violation) << "even while the guard is in";
        std::cout << "without " << mutant.name << ": found at seed " << seed << " by " << invariant
                  << ": " << what << "\n";
        return;
    }
    FAIL() << "no seed out of " << seeds_max << " showed that " << mutant.name << " is missing";
}

TEST_P(Mutants, are_sound_while_the_guard_is_in) {
    for (std::uint64_t seed = 1; seed <= seeds_of_the_whole; ++seed) {
        auto const outcome = outcome_of(GetParam(), seed);
        EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                        << ": " << outcome.violation->what;
    }
}

INSTANTIATE_TEST_SUITE_P(Klamm, Mutants, testing::ValuesIn(mutants),
                         [](auto const& each) { return each.param.name; });

}  // namespace
}  // namespace klamm
