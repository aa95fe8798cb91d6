// simulate/shrink.h - from a failing seed to the shortest story that still fails, for people.
#pragma once

#include "klamm/simulate/world.h"

#include <string>

namespace klamm::simulated {

struct ShortStory {
    Plan plan;  ///< the smallest that was found
    Ending ending;
    int runs = 0;  ///< that the search took
};

/// Leaves out inputs, faults and instances while the same oracle fails. Requires a plan that fails.
ShortStory shrink(Simulation const& simulation, Plan const& failing,
                  std::vector<Input> const& inputs);

/// What is wrong, what was left of the plan, what happened, how to repeat it.
std::string to_text(ShortStory const& story, std::string const& command);

/// "KLAMM_SEED=17 build/orders_test --gtest_filter=Orders.AreBilled"
std::string command_that_repeats(std::uint64_t seed, std::string const& test);

}  // namespace klamm::simulated
