// sim/shrink.h - from a failing seed to the shortest story that still fails.
#pragma once

#include "klamm/sim/world.h"

#include <functional>
#include <string>

namespace klamm::sim {

struct Story {
    Plan plan;        ///< the smallest that was found
    Outcome outcome;  ///< of it, with the story
    int runs = 0;     ///< that the search took
};

/// Leaves out faults and clients and shortens the run, while the same invariant is violated.
/// Requires a plan that fails. Gives up early when `stop` says so.
Story shrink(
    Plan const& failing, std::function<bool()> const& stop = [] { return false; });

/// For people: the violation, what was left of the plan, what happened, how to repeat it.
std::string to_text(Story const& story);

}  // namespace klamm::sim
