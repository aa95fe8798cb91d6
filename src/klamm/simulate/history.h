// simulate/history.h - what happened in a run: what oracles judge.
#pragma once

#include "klamm/app.h"
#include "klamm/bus/bus.h"
#include "klamm/test.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace klamm::simulated {

/// What an observer of an engine saw, in the order of time.
struct Fact {
    enum class Kind : std::uint8_t { assigned, released, began, ended, sent, committed };
    Kind kind{};
    std::uint64_t life = 0;  ///< of which instance, between start and crash
    Position at;             ///< the event's; of assigned and released: without offset
    std::string handler;     ///< of began, ended
    std::int32_t attempt = 0;
    Outcome outcome;           ///< of ended
    std::string topic, id;     ///< of sent
    milliseconds delay{0};     ///< of sent
    std::string committed_as;  ///< of committed
};

struct History {
    std::vector<Fact> facts;
    /// Every topic, all that is committed, by partition and offset.
    std::map<std::string, std::vector<StoredMessage>> topics;
    std::map<bus::TopicPartition, bus::Committed> offsets;  ///< of the App's group
    /// Of each dead letter topic, how far its letters were sent back or discarded.
    std::map<bus::TopicPartition, bus::Committed> redriven;
};

}  // namespace klamm::simulated
