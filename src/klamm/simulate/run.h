// simulate/run.h - seed after seed, on several threads.
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/simulate.h"

namespace klamm::simulated {

/// As klamm::simulate(), with an engine that is wrong on purpose. Shrinks what fails unless it is
/// told not to.
SimulationResult run_seeds(Simulation const& simulation, Seeds const& seeds,
                           handler::Mutation mutation = handler::Mutation::none,
                           bool shrinks = true);

}  // namespace klamm::simulated
