// broker/compaction.h - how far a partition is compacted: the part of it that is state.
//
//      log_start          first_dirty            limit        next_offset
//         |    clean           |      dirty        |  not yet      |
//     ────┼────────────────────┼───────────────────┼───────────────┼──▶ offset
//          one record a key     what a pass looks    newer than the lag,
//          as of the last pass   at                  or not readable yet
//
// A tombstone stays for delete.retention.ms after the first pass that looked at it, so that a
// reader who began before learns of the deletion. Passes are remembered for that long, not one by
// one but so that a tombstone stays at most an eighth longer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::broker {

struct Compaction {
    struct Pass {
        std::int64_t end = 0;  ///< what is before was looked at
        std::int64_t at_ms = 0;
        bool operator==(Pass const&) const = default;
    };
    /// The last one, for people.
    struct Last {
        std::int64_t at_ms = 0;
        std::int64_t took_ms = 0;
        std::uint64_t bytes_before = 0;
        std::uint64_t bytes_after = 0;
        std::uint64_t records_before = 0;
        std::uint64_t records_after = 0;
        std::string reason;
        bool operator==(Last const&) const = default;
    };

    std::int64_t first_dirty = 0;
    std::uint64_t clean_bytes = 0;  ///< before first_dirty, when the last pass ended
    std::vector<Pass> passes;       ///< oldest first
    std::uint64_t count = 0;        ///< of passes, ever
    Last last;

    void passed(std::int64_t end, std::int64_t at_ms, std::int64_t delete_retention_ms);
    /// Tombstones before this offset may go.
    std::int64_t tombstones_end(std::int64_t now_ms, std::int64_t delete_retention_ms) const;

    bool operator==(Compaction const&) const = default;
};

}  // namespace klamm::broker
