// sim/world.h - one run: a broker, its clients, the faults of a plan, and the checkers.
//
//     clients ── Network ── Server ── Broker (the real one)
//                              └───── DiskJournal (the real one) ── Disk
//
// A run has three parts: the main topic is made; the workloads run, with faults; everything
// heals, the broker restarts once more, and the workloads must come to their end.
#pragma once

#include "klamm/sim/answers.h"
#include "klamm/sim/checker.h"
#include "klamm/sim/plan.h"
#include "klamm/sim/server.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::sim {

struct Outcome {
    std::optional<Violation> violation;
    std::uint64_t trace_hash = 0;
    std::uint64_t events = 0;
    Time simulated = 0;
    FaultCounts faults{};
    Lives lives;
    std::uint64_t entries = 0;  ///< appended to the journal
    std::uint64_t records_acked = 0;
    std::uint64_t records_read = 0;
    std::uint64_t generations = 0;
    std::uint64_t commits = 0;
    std::uint64_t deletions = 0;  ///< of records, acknowledged
    std::uint64_t committed_transactions = 0;
    std::uint64_t aborted_transactions = 0;
    std::uint64_t timed_out_transactions = 0;
    AnswerCounts answers;
    std::vector<std::string> story;  ///< when the plan asks for it
};

Outcome run_world(Plan const& plan);

}  // namespace klamm::sim
