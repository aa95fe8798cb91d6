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
    std::uint64_t committed_transactions = 0;
    std::uint64_t aborted_transactions = 0;  ///< by their clients
    /// How far somebody asked to delete a partition of the main topic.
    std::map<PartitionName, std::int64_t> deleted_to;
    /// Where readers found that partitions of the main topic begin and end.
    std::map<PartitionName, std::int64_t> begins, ends;
    /// What each group committed.
    std::map<std::pair<std::string, PartitionName>, std::int64_t> committed;

    bool all_done(Plan const& plan) const;
    std::string what_is_missing(Plan const& plan) const;
};

/// Creates the main topic and that of results, and tries until they are there.
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
struct TransactionalId;
/// An instance of a producer: transactions over several partitions, committed and aborted.
Task<> write_transactions(Client& client, Progress& progress, TransactionalId& shared);
/// An instance of an application: a member of the group of all applications, which writes what it
/// made of its input and its committed offsets in one transaction.
Task<> process(Client& client, Progress& progress, TransactionalId& shared);

/// Adds partitions to the main topic, deletes records of it, looks offsets up; and
/// creates topics, writes to them, deletes them, creates them again; adds no second meaning to a
/// name: what comes from a topic that was created anew must not be its predecessor's.
Task<> administer(Client& client, Progress& progress);

/// Sets and deletes keys in a compacted topic, one batch or one transaction after the other.
Task<> keep_table(Client& client, Progress& progress);

}  // namespace klamm::sim
