// klamm/health.h - whether an application does its work, and if not, why.
#pragma once

#include "klamm/message.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm {

struct Problem {
    enum class Kind : std::uint8_t {
        not_started,  ///< it is on its way: no partitions yet
        stopped,      ///< it has ended, or cannot go on
        engine_away,  ///< the broker does not answer
        stalled,      ///< a handler has events and finishes none
        slow,         ///< one run of a handler takes longer than slow_after
        poisoned,     ///< dead letters have parked keys, or a whole partition
        lagging,      ///< the oldest unhandled event is older than lag_max
        fenced,       ///< another instance has taken over, and this one has not come back
    };
    Kind kind{};
    std::string handler;  ///< empty: of all
    std::string topic;    ///< with `partition`; empty: of all
    std::int32_t partition = -1;
    std::string why;  ///< a sentence with the figures, and what to do
};
std::string_view to_string(Problem::Kind kind);  ///< "engine_away"

struct Health {
    std::vector<Problem> problems;
    bool healthy() const { return problems.empty(); }
};
/// As /healthz gives it: {"healthy": false, "problems": [{"kind": …, "why": …}, …]}
std::string to_json(Health const& health);

/// What an application has done since it was started.
struct Counts {
    std::uint64_t handled = 0;  ///< outcomes of all kinds, committed
    std::uint64_t done = 0;
    std::uint64_t skipped = 0;
    std::uint64_t unknown = 0;     ///< of a type that no handler wants
    std::uint64_t duplicates = 0;  ///< recognized by source and id
    std::uint64_t retries = 0;
    std::uint64_t dead_letters = 0;  ///< that failed themselves
    std::uint64_t parked = 0;        ///< that had to wait behind one
    std::uint64_t redriven = 0;
    std::uint64_t sent = 0;
    std::uint64_t transactions = 0;
    std::uint64_t transactions_failed = 0;  ///< done again, or given up with their partitions
    std::uint64_t rebalances = 0;
    bool operator==(Counts const&) const = default;
};

}  // namespace klamm
