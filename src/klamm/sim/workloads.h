// sim/workloads.h - what clients do all day, each as one function.
#pragma once

#include "klamm/sim/client.h"
#include "klamm/sim/task.h"

#include <string>

namespace klamm::sim {

/// What the workloads have come to, for the end of the run.
struct Progress {
    bool topic_made = false;
    int producers_busy = 0;  ///< with records that are not acknowledged yet
    bool admin_busy = false;
    std::uint64_t records_acked = 0;
    std::uint64_t records_read = 0;
    std::uint64_t generations = 0;
    std::uint64_t commits = 0;
    std::uint64_t deletions = 0;
    /// How far somebody asked to delete a partition of the main topic.
    std::map<PartitionName, std::int64_t> deleted_to;
    /// The ends of the main topic's partitions, and what each group committed.
    std::map<PartitionName, std::int64_t> ends;
    std::map<std::pair<std::string, PartitionName>, std::int64_t> committed;

    bool all_done(Plan const& plan) const;
    std::string what_is_missing(Plan const& plan) const;
};

/// Creates the main topic, and tries until it is there.
Task<> make_topic(Client& client, Progress& progress);

/// Sends bursts of batches, each again until it is acknowledged. Idempotent: up to five in
/// flight, with the same sequence numbers on every try.
Task<> produce(Client& client, Progress& progress, bool idempotent);

/// A member of a classic group: joins, reads, commits, leaves or dies, joins again.
Task<> consume(Client& client, Progress& progress, std::string group);

/// How long the broker waits for a member of the consumer protocol.
inline constexpr Time modern_session = 8 * second;
/// A member of a group of the consumer protocol: by heartbeats alone.
Task<> consume_modern(Client& client, Progress& progress, std::string group);

/// Adds partitions to the main topic, deletes records of it, looks offsets up; and
/// creates topics, writes to them, deletes them, creates them again; adds no second meaning to a
/// name: what comes from a topic that was created anew must not be its predecessor's.
Task<> administer(Client& client, Progress& progress);

}  // namespace klamm::sim
