// simulate/read_events.h - stored messages as a test sees them: events of a type, dead letters that
// wait, sums.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/health.h"
#include "klamm/simulate/registry.h"
#include "klamm/test.h"

#include <map>
#include <memory>
#include <span>
#include <vector>

namespace klamm::simulated {

/// Those of this type, decoded; what cannot be decoded is left out.
std::vector<std::shared_ptr<void const>> read_events(SchemaRegistry& registry,
                                                     std::span<StoredMessage const> messages,
                                                     EventType const& type);
/// Whether the dead letter was neither sent back nor discarded. `redriven` is what was committed
/// for the dead letter topic by those who did.
bool waits(std::map<bus::TopicPartition, bus::Committed> const& redriven, Position const& letter);
void add(Counts& sum, Counts const& counts);

}  // namespace klamm::simulated
