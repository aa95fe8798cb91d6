// sim/run.h - many seeds, one after the other: the door for the command line and the tests.
#pragma once

#include "klamm/sim/world.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace klamm::sim {

/// Sums over all runs.
struct Report {
    std::uint64_t seeds = 0;
    std::uint64_t crashes = 0;  ///< kills and power losses
    std::uint64_t power_losses = 0;
    std::uint64_t torn_tails = 0;
    std::uint64_t damages_named = 0;
    std::uint64_t checkpoints_passed_over = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t events = 0;
    std::uint64_t records_acked = 0;
    std::uint64_t records_read = 0;
    std::uint64_t generations = 0;
    std::uint64_t commits = 0;
    std::uint64_t deletions = 0;  ///< of records, acknowledged
    std::uint64_t committed_transactions = 0;
    std::uint64_t aborted_transactions = 0;  ///< by their clients
    std::uint64_t timed_out_transactions = 0;
    std::uint64_t merges = 0;     ///< of records into L1
    std::uint64_t repacks = 0;
    std::uint64_t passes = 0;  ///< of compaction
    std::uint64_t records_compacted = 0;
    std::uint64_t jobs_cut = 0;  ///< of these three, by a crash
    Time simulated = 0;
    FaultCounts faults{};
    AnswerCounts answers;

    std::optional<std::uint64_t> failing_seed;  ///< the first
    std::string story;                          ///< of the failing seed, for people

    Report& operator+=(Report const& other);
};

struct Options {
    std::uint64_t first_seed = 1;
    std::uint64_t step = 1;     ///< from one seed to the next: for several runs side by side
    std::uint64_t seeds = 0;    ///< 0: until `stop` says so
    std::uint64_t crashes = 0;  ///< 0: any number; else go on until there were so many
    std::function<void(Report const&)> progress;  ///< called after each seed; may be empty
    std::function<bool()>
        stop;  ///< asked after each seed; may be empty. Real time is its business.
};

/// Ends at the first seed that violates an invariant, and shrinks it.
Report run(Options const& options);

/// "1,204 seeds, 20,011 crashes, ...": a few lines.
std::string to_text(Report const& report);

}  // namespace klamm::sim
