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

}  // namespace
}  // namespace klamm::simulated
