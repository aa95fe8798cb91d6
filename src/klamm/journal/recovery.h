// journal/recovery.h - what a journal's segments say after a stop of any kind.
//
// The walk goes from frame to frame. Where none follows, three things may be true:
//
//   the end      nothing was ever written there
//   a torn tail  the last write was cut by a crash; nobody was told that it is durable
//   damage       it was durable once, and the bytes have changed since
//
// Damage is what can be proven: a later frame, mark or checkpoint knew a durable position behind
// this place; or, in a file that held only zeros before, the bytes are neither zeros nor a frame
// (sectors are written whole, so a torn frame shows a sector of zeros).
#pragma once

#include "klamm/journal/disk_journal.h"
#include "klamm/journal/segment_files.h"

#include <cstdint>
#include <expected>

namespace klamm::journal {

struct RecoveryInput {
    std::uint64_t segment_bytes = 0;
    std::uint64_t lowest = 0;  ///< segments that exist: lowest..highest
    std::uint64_t highest = 0;
    Position from{};           ///< the checkpoint covers what is before; a frame may begin here
    Position durable_known{};  ///< from other evidence than the segments
};

struct Recovered {
    Position end{};        ///< behind the last frame
    bool begun = false;    ///< the segment of `end` has its header
    std::uint64_t id = 0;  ///< of that segment
};

/// Replays every entry from `input.from` on, cuts a torn tail and syncs, so that all that was
/// replayed is durable. Adds to `report`.
[[nodiscard]] std::expected<Recovered, OpenError> recover(SegmentFiles& files,
                                                          RecoveryInput const& input,
                                                          Replay const& replay, OpenReport& report);

}  // namespace klamm::journal
