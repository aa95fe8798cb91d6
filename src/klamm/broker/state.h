// broker/state.h - all that the broker knows and must not forget: a fold over the journal.
//
// Handlers read it; only apply() (apply.h) changes it. What need not survive a restart (who
// waits for what, fetch sessions, timers) lives in the handlers, with one exception: a
// partition's high watermark and last stable offset, which everybody asks for, are kept beside
// the partition.
//
// Names are compared, ordered and listed as bytes, so that every list comes out in one order.
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/broker/batch_index.h"
#include "klamm/broker/compaction.h"
#include "klamm/broker/config.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups_state.h"
#include "klamm/broker/l1_files.h"
#include "klamm/broker/options.h"
#include "klamm/broker/producers.h"
#include "klamm/broker/transactions/partition_transactions.h"
#include "klamm/broker/transactions/transactions_state.h"
#include "klamm/registry/state.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace klamm::broker {

struct Topic;

struct Partition {
    PartitionKey key{};
    std::int32_t number = 0;
    Topic const* topic = nullptr;
    std::int64_t log_start = 0;    ///< the first offset that may be read
    std::int64_t next_offset = 0;  ///< of the next record to come: Kafka's log end offset
    BatchIndex batches;
    std::unique_ptr<PartitionTransactions> transactions;  ///< null: there is nothing to know
    std::unique_ptr<Compaction> compaction;               ///< null: there was no pass yet

    /// Readers see what is below; those with read_committed, what is below the second. Set when
    /// the entries are durable; not part of the fold.
    std::int64_t high_watermark = 0;
    std::int64_t last_stable = 0;
    std::int64_t durable_log_start = 0;

    /// False: records were deleted, and a crash may bring them back.
    bool log_start_is_durable() const { return durable_log_start == log_start; }
    /// The last stable offset of the fold, durable or not.
    std::int64_t last_stable_to_come() const {
        return transactions ? transactions->last_stable(next_offset) : next_offset;
    }
    /// Where a reader's records end.
    std::int64_t end_for(bool read_committed) const {
        return read_committed ? std::max(last_stable, log_start) : high_watermark;
    }
    PartitionTransactions& need_transactions() {
        if (!transactions) transactions = std::make_unique<PartitionTransactions>();
        return *transactions;
    }
};

struct Topic {
    std::string name;
    Uuid id;
    std::int64_t created_ms = 0;
    Configs configs;         ///< those that were set
    TopicSettings settings;  ///< what they and the broker's configs amount to
    std::vector<std::unique_ptr<Partition>> partitions;

    /// Null when there is none with this number.
    Partition const* partition(std::int32_t number) const {
        if (number < 0 || std::size_t(number) >= partitions.size()) return nullptr;
        return partitions[std::size_t(number)].get();
    }
};

struct State {
    explicit State(Options const& options);
    State(State const&) = delete;
    State& operator=(State const&) = delete;

    Options options;  ///< the defaults of topics' settings, and the limits of `producers`
    std::string cluster_id;
    Configs broker_configs;                                      ///< the dynamic ones
    std::map<std::string, Configs, std::less<>> client_metrics;  ///< subscriptions, by name
    std::map<std::string, Topic, std::less<>> topics;
    std::map<Uuid, Topic*> topics_by_id;
    /// Counts changes of names, ids and numbers of partitions; for those who keep what follows from
    /// them. Not part of the fold.
    std::uint64_t topics_version = 0;
    /// Only for look-ups: its order means nothing.
    std::unordered_map<std::uint32_t, Partition*> partitions;
    PartitionKey next_partition{};
    std::int64_t next_producer_id = 0;
    Producers producers;
    GroupsState groups;
    TransactionsState transactions;
    L1Files files;
    registry::State registry;
    /// The checkpoint was made before there was a registry: what the topic _schemas has is still to
    /// be read (registry_changes.h).
    bool schemas_unread = false;

    /// Null when there is none.
    Topic const* topic(std::string_view name) const;
    Topic const* topic(Uuid const& id) const;
    Partition const* partition(std::string_view topic_name, std::int32_t number) const;
    Partition* partition(PartitionKey key) const;
};

}  // namespace klamm::broker
