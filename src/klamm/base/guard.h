// base/guard.h - the lines that must not be missing, by name.
//
// A guard stands where one forgotten line would lose, double or tear what was promised:
//
//     bool const waits = guard(Guard::reply_waits_for_sync) && after == After::everything;
//
// It is a constant and costs nothing. Only test/mutants compiles the files that have guards once
// more, with KLAMM_MUTANTS, takes out one guard at a time, and wants a checker of the simulation
// to notice. Guards stand in .cc files only, so that no function has two bodies in one program.
#pragma once

#include <cstdint>

namespace klamm {

enum class Guard : std::uint8_t {
    reply_waits_for_sync,     ///< an acknowledgement leaves after the sync, not before
    readers_wait_for_sync,    ///< the high watermark moves when a batch is durable, not before
    sequence_check,           ///< a retry of an idempotent producer is no second record
    checksum_on_read,         ///< what the disk changed is not served
    older_checkpoint_kept,    ///< with the entries behind it, for when the newest is damaged
    offsets_in_checkpoint,    ///< committed offsets are part of it
    markers_outlive_records,  ///< compaction keeps what says that a transaction was aborted
    owner_gives_up_first,     ///< a partition's next owner waits until the last one said it stopped
    end_checks_epoch,         ///< a zombie does not end its successor's transaction
    late_requests_refused,    ///< a delayed EndTxn does not end a later transaction
    last_stable_waits,        ///< for the oldest open transaction
    aborted_in_checkpoint,    ///< which records were aborted is known after a restart
    aborted_offsets_dropped,  ///< those of an aborted transaction do not count
    pending_offsets_awaited,  ///< who asks for stable offsets waits for open transactions
};

#ifdef KLAMM_MUTANTS
inline namespace removable {
bool guard(Guard which);
}
#else
constexpr bool guard(Guard) { return true; }
#endif

}  // namespace klamm
