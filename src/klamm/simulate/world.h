// simulate/world.h - one run of an App in a world of faults, and what became of it.
//
//     who publishes ─┐                          ┌─ kills, power losses
//     instance a  ───┼── Network ── Server ── Broker ── DiskJournal ── Disk
//     instance b  ───┤   (cuts)     (all of them the real ones but for the first and the last)
//     who redrives ──┘
//
// Topics are made; inputs are published, with faults; everything heals, all is finished, dead
// letters are sent back once more; then oracles judge what is committed.
#pragma once

#include "klamm/sim/checker.h"
#include "klamm/simulate/history.h"
#include "klamm/simulate/plan.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace klamm::simulated {

struct StoryLine {
    sim::Time at = 0;
    std::string text;
    std::optional<Position> event;  ///< that it is about
};

struct Ending {
    std::optional<sim::Violation> violation;  ///< the oracle, and what it says
    std::uint64_t trace_hash = 0;
    sim::Time simulated = 0;
    std::map<std::string, std::uint64_t> faults;
    Counts counts;
    History history;
    std::vector<StoryLine> story;  ///< when the plan asks for it
    std::vector<std::string>
        wire;  ///< with it: each message, and each step of the broker's machine
};

/// `reference` is the history of the same inputs without faults; null where there is none to
/// compare with.
Ending run_world(Simulation const& simulation, Plan const& plan, std::vector<Input> const& inputs,
                 History const* reference);

}  // namespace klamm::simulated
