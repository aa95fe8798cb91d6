// flights/simulated.h - the flights application in a simulation: what comes in, what must come out.
#pragma once

#include "flights/flights.h"
#include "klamm/simulate.h"

namespace flights {

/// A few airports, flights of all kinds, a record that nobody can read. The bank refuses the cards
/// of one airport until they are redriven.
klamm::Simulation simulation();

}  // namespace flights
