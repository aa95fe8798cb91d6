// simulate/plan.h - what one run does: everything about it, drawn from its seed.
//
// Each seed has its own mix of faults. A plan can be made smaller, which is how the story of a
// failure is shortened.
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/sim/plan.h"
#include "klamm/simulate/inputs.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace klamm::simulated {

struct FaultKind {
    std::string_view name;  ///< for people
    std::uint32_t Faults::*one_in;
};
inline constexpr std::array fault_kinds{
    FaultKind{"an input is published twice", &Faults::duplicate},
    FaultKind{"an input is delayed", &Faults::delay},
    FaultKind{"an instance crashes", &Faults::crash},
    FaultKind{"an instance joins or leaves", &Faults::rebalance},
    FaultKind{"an instance is paused", &Faults::pause},
    FaultKind{"a handler is slow", &Faults::slow_handler},
    FaultKind{"a handler fails", &Faults::failing_handler},
    FaultKind{"dead letters are redriven", &Faults::redrive},
    FaultKind{"the broker is killed", &Faults::broker_kill},
    FaultKind{"power is lost", &Faults::power_loss},
    FaultKind{"the disk is slow", &Faults::slow_disk},
    FaultKind{"a message is slow", &Faults::slow_message},
    FaultKind{"a request is lost", &Faults::request_lost},
    FaultKind{"a response is lost", &Faults::response_lost},
    FaultKind{"a request arrives late", &Faults::late_request},
};

struct Plan {
    std::uint64_t seed = 0;
    Faults faults;  ///< of this seed
    bool sound =
        false;  ///< no faults at all, and the broker in memory: what others are compared to
    std::int32_t instances = 1;       ///< that are up at the end
    std::int32_t guests = 0;          ///< that join and leave besides
    sim::Time spread = 0;             ///< over which inputs are published, besides their own times
    sim::Time tail = 0;               ///< faults go on for so long when all is published
    std::vector<std::size_t> inputs;  ///< their numbers, ascending
    handler::Mutation mutation = handler::Mutation::none;
    bool keep_story = false;
};

Plan plan_of(std::uint64_t seed, Faults const& faults, std::int32_t instances, std::size_t inputs);

/// When an input is published.
struct Publication {
    sim::Time at = 0;
    std::size_t input = 0;
    bool again = false;  ///< it was published before
};
/// In the order of time. Of one key in one topic, firsts come in the order of the inputs.
struct Publications {
    std::vector<Publication> all;
    std::uint64_t duplicates = 0;
    std::uint64_t delays = 0;
};
Publications publications(Plan const& plan, std::vector<Input> const& inputs);

/// What the broker's world is told.
sim::Plan broker_plan(Plan const& plan);

/// Each plan that is a little smaller than this one, the bravest first.
std::vector<Plan> smaller(Plan const& plan);

}  // namespace klamm::simulated
