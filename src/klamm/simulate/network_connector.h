// simulate/network_connector.h - how a process reaches the broker through the simulated network.
#pragma once

#include "klamm/bus/link.h"
#include "klamm/sim/network.h"
#include "klamm/simulate/schedule_loop.h"

#include <memory>

namespace klamm::simulated {

/// All live longer than its connections.
std::unique_ptr<bus::Connector> make_network_connector(sim::Services& services,
                                                       sim::Network& network, ScheduleLoop& loop);

}  // namespace klamm::simulated
