#include <gmock/gmock.h>

#include "klamm/simulate/run.h"
#include "klamm/simulate/sample_app.h"

#include <cstdlib>
#include <iostream>

namespace klamm::simulated {
namespace {

Simulation sample() {
    Simulation simulation;
    simulation.app = [] { return sample_app(); };
    simulation.inputs = [](Inputs& inputs) { sample_inputs(inputs); };
    simulation.redrive = true;
    return simulation;
}

/// KLAMM_SEEDS=10000 for more than a look.
std::uint64_t seeds_of_a_look() {
    auto const* text = std::getenv("KLAMM_SEEDS");
    return text == nullptr ? 60 : std::strtoull(text, nullptr, 10);
}

TEST(Simulate, TheSampleStandsAllFaults) {
    auto const result = simulate(sample(), {.count = seeds_of_a_look()});
    EXPECT_TRUE(result.passed()) << result.story;
    for (auto const& [fault, times] : result.faults) std::cout << times << "  " << fault << "\n";
    std::cout << result.seeds << " seeds, " << result.simulated.count() / 1000
              << " s of simulated time\n";
}

TEST(Simulate, TheSameSeedsAreTheSameLives) {
    Seeds const seeds{.first = 1, .count = 8, .threads = 1};
    auto const first = simulate(sample(), seeds);
    auto const second = simulate(sample(), seeds);
    EXPECT_EQ(first.trace_hash, second.trace_hash);
    auto other = seeds;
    other.first = 2;
    EXPECT_NE(simulate(sample(), other).trace_hash, first.trace_hash);
}

struct Mutant {
    handler::Mutation mutation;
    std::string name;
    std::vector<std::string> found_by;  ///< any of these oracles
};

void PrintTo(Mutant const& mutant, std::ostream* out) { *out << mutant.name; }

std::vector<Mutant> const mutants{
    {handler::Mutation::commit_before_send, "commit_before_send", {"exactly_once"}},
    {handler::Mutation::no_deduplication, "no_deduplication", {"exactly_once"}},
    {handler::Mutation::shared_retry_counter, "shared_retry_counter", {"attempts"}},
    {handler::Mutation::dead_letter_outside, "dead_letter_outside", {"exactly_once"}},
    {handler::Mutation::parked_key_overtaken, "parked_key_overtaken", {"key_order"}},
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, are_found_out) {
    constexpr std::uint64_t seeds_max = 1000;
    auto const& [mutation, name, found_by] = GetParam();
    auto const result = run_seeds(sample(), {.count = seeds_max}, mutation, false);
    ASSERT_TRUE(result.failing_seed) << "no seed out of " << seeds_max << " showed it";
    EXPECT_THAT(found_by, testing::Contains(result.oracle)) << result.story;
    std::cout << result.story;
    auto const sound = run_seeds(sample(), {.first = *result.failing_seed, .count = 1});
    EXPECT_TRUE(sound.passed()) << "even without the mutation\n" << sound.story;
}

INSTANTIATE_TEST_SUITE_P(Engine, Mutants, testing::ValuesIn(mutants),
                         [](auto const& each) { return each.param.name; });

}  // namespace
}  // namespace klamm::simulated
