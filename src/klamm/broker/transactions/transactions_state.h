// broker/transactions/transactions_state.h - what of transactions must survive: the fold over
// their entries.
//
//                  first write                          EndTxn, a timeout, a new producer
//     ┌─────────┐ ─────────────▶ ┌─────────┐ ──────────────────────────────▶ ┌───────────┐
//     │  empty  │                │ ongoing │      (one entry: markers,       │ committed │
//     └─────────┘ ◀───────────── └─────────┘       offsets, state)           │  aborted  │
//                 a new producer      ▲                                      └─────┬─────┘
//                                     └──────────── next first write ──────────────┘
//
// Kafka's states in between (PrepareCommit, PrepareAbort, PrepareEpochFence) are not needed: the
// end is one entry.
//
// Invariants:
//   1. A transactional id has one producer, and a producer id at most one transactional id.
//   2. A partition has an open transaction of a producer only when the transaction of that
//      producer is ongoing and names the partition.
//   3. Deadlines are those of the ongoing transactions, idle are all the others.
#pragma once

#include "klamm/broker/entries.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace klamm::broker {

/// As much as an entry with all its markers can hold, with room to spare.
inline constexpr std::size_t partitions_per_transaction_max = 100'000;

/// What one transactional id stands for.
struct Transaction {
    std::string id;
    Incarnation producer;
    /// What the same producer had before; it asks with it again when an answer was lost.
    Incarnation before;
    std::int32_t timeout_ms = 0;
    TransactionStatus status = TransactionStatus::empty;
    std::int64_t started_ms = -1;  ///< the last transaction; -1: there was none yet
    std::int64_t updated_ms = 0;
    std::set<PartitionKey> partitions;
    std::set<std::string> groups;

    bool ongoing() const { return status == TransactionStatus::ongoing; }
    bool has(PartitionKey partition) const { return ongoing() && partitions.contains(partition); }
    bool has_group(std::string const& group) const { return ongoing() && groups.contains(group); }
    bool operator==(Transaction const&) const = default;
};

class TransactionsState {
public:
    using Map = std::map<std::string, Transaction, std::less<>>;
    /// By time, then producer id.
    using Times = std::set<std::pair<std::int64_t, std::int64_t>>;

    Map const& all() const { return all_; }
    /// Null when there is none.
    Transaction const* find(std::string_view id) const;
    Transaction const* of_producer(std::int64_t producer_id) const;
    std::size_t ongoing() const { return deadlines_.size(); }
    Times const& deadlines() const { return deadlines_; }  ///< wall clock
    Times const& idle() const { return idle_; }            ///< since when; wall clock

    // ---- changes; of an id that is there -------------------------------------------------

    /// Adds the id when it is new. Requires that nobody else has the producer id.
    void initialize(ProducerInitialized const& entry);
    void write(std::string_view id, PartitionKey partition, std::int64_t at_ms);
    void extend(TransactionExtended const& entry);
    void add_group(std::string_view id, std::string const& group, std::int64_t at_ms);
    void end(TransactionEnded const& entry);
    void forget(std::string_view id);
    void partition_deleted(PartitionKey partition);

    /// Puts back one; false when it cannot be.
    [[nodiscard]] bool restore(Transaction transaction);

    bool operator==(TransactionsState const&) const = default;

private:
    Transaction& at(std::string_view id) { return all_.find(id)->second; }
    void begin(Transaction& transaction, std::int64_t at_ms);
    /// Takes it out of the orders, or puts it into those where it belongs.
    void unlink(Transaction const& transaction);
    void link(Transaction const& transaction);

    Map all_;
    std::map<std::int64_t, std::string> by_producer_;
    Times deadlines_;
    Times idle_;
};

}  // namespace klamm::broker
