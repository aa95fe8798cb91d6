// flights_simulation [SEEDS [FIRST]]: the application under as many seeds, with what they met.
#include "flights/simulated.h"

#include <chrono>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
    klamm::Seeds seeds;
    seeds.count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000;
    seeds.first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    auto const begin = std::chrono::steady_clock::now();
    auto const result = klamm::simulate(flights::simulation(), seeds);
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
    auto const simulated = std::chrono::duration<double>(result.simulated);
    std::cout << result.seeds << " seeds, " << simulated.count() / 3600 << " hours in "
              << took.count() << " s: " << std::uint64_t(simulated / took) << " x real time\n"
              << result.counts.handled << " events handled, " << result.counts.retries
              << " tried again, " << result.counts.dead_letters << " dead letters, "
              << result.counts.redriven << " redriven, " << result.counts.duplicates
              << " duplicates, " << result.counts.rebalances << " rebalances\n";
    for (auto const& [fault, times] : result.faults) std::cout << times << " x " << fault << "\n";
    if (!result.passed()) std::cout << result.story << "\n";
    return result.passed() ? 0 : 1;
}
