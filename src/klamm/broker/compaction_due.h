// broker/compaction_due.h - whether a partition is to be compacted, and why or why not.
#pragma once

#include "klamm/broker/state.h"

#include <cstdint>
#include <string>

namespace klamm::broker {

struct CompactionDue {
    bool due = false;
    bool overdue = false;  ///< by max.compaction.lag.ms: comes first
    std::int64_t first_dirty = 0;
    std::int64_t limit = 0;         ///< no pass looks at this offset or a later one
    std::uint64_t dirty_bytes = 0;  ///< between the two
    double dirty_ratio = 0;         ///< of all that is before `limit`
    std::string reason;             ///< words; empty unless they were asked for
};

/// Cheap when too little is new since the last pass, unless `in_words`.
CompactionDue compaction_due(Partition const& partition, Options const& options,
                             std::int64_t now_ms, bool in_words);

/// Readers of committed records see what is before; so far a pass may go.
std::int64_t compaction_end(Partition const& partition);

}  // namespace klamm::broker
