// sim/plan.h - what one run does: everything about it, drawn from its seed.
//
// Each seed picks its own mix (swarm testing): some faults are off altogether, so that runs
// differ in kind and not only in detail. A plan can be made smaller by hand, which is how the
// story of a failure is shortened.
#pragma once

#include "klamm/sim/schedule.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace klamm::sim {

enum class Fault : std::uint8_t {
    delay,                 ///< a message takes long
    request_lost,          ///< the connection is cut, and what the client sent never arrives whole
    response_lost,         ///< the connection is cut behind the broker's back: done, not known
    late_copy,             ///< a client gave up; its old request arrives beside or after the retry
    client_gone,           ///< a group member dies without a word
    paused,                ///< a client stands still, and goes on as if no time had passed
    kill,                  ///< the process is gone; the system lives on
    power_loss,            ///< between two operations of the disk
    power_loss_in_commit,  ///< between a write and its sync
    slow_sync,
    failed_sync,  ///< the process stops, as it must
    disk_full,
    flipped_bit,         ///< in a stored segment
    flipped_checkpoint,  ///< a bit of the newest checkpoint
    // What follows from a power loss; not drawn.
    lost_write,  ///< a sector that was written and not synced went back to what it was
    torn_write,  ///< a write of which some sectors were kept and others lost
};
inline constexpr std::size_t fault_kinds = 16;
std::string_view to_string(Fault fault);

using FaultCounts = std::array<std::uint64_t, fault_kinds>;

/// A broker made wrong on purpose, to see that the checkers notice.
enum class Mutation : std::uint8_t {
    none,
    ack_before_sync,    ///< tells the broker that everything is durable at once
    forget_entry,       ///< leaves an entry out when the journal is replayed
    shift_offsets,      ///< serves a batch with an offset that is not its own
    double_assignment,  ///< two members of a generation get the same partition
    no_sequence_check,  ///< takes idempotent batches for plain ones
    swallow_deletion,   ///< acknowledges that records are deleted without deleting them
    swallow_commit,     ///< acknowledges a committed offset without storing it
    lose_moved_run,     ///< forgets some of the records that were moved to L1
    drop_newest,        ///< compaction takes tombstones away at once
};

struct Plan {
    std::uint64_t seed = 0;
    Time duration = 30 * second;  ///< of the part with faults; then everything heals
    int partitions = 1;
    int idempotent_producers = 1;
    int plain_producers = 1;
    int groups = 1;
    int members = 1;         ///< of each group
    int modern_groups = 0;   ///< of the consumer protocol; their numbers follow those of `groups`
    int modern_members = 1;  ///< of each
    int writers = 0;         ///< transactional ids that write to the main topic
    int applications = 0;    ///< transactional ids that process it
    bool admin = true;
    bool table = true;  ///< a compacted topic
    /// One in so many opportunities; 0: never.
    std::array<std::uint32_t, fault_kinds> one_in{};
    /// Power is lost once more, right after the journal took so many entries; 0: never.
    std::uint64_t crash_at_entry = 0;
    bool crash_synced = false;  ///< and made them durable, but before the broker knows
    Mutation mutation = Mutation::none;
    bool keep_story = false;  ///< keep the text of each event, not only their hash

    int all_groups() const { return groups + modern_groups; }
    std::uint32_t& operator[](Fault fault) { return one_in[std::size_t(fault)]; }
    std::uint32_t operator[](Fault fault) const { return one_in[std::size_t(fault)]; }
};

Plan plan_of(std::uint64_t seed);

}  // namespace klamm::sim
