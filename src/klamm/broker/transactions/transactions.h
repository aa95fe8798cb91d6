// broker/transactions/transactions.h - the coordinator of transactions.
//
// A producer takes a transactional id (InitProducerId), which fences whoever had it; writes to
// partitions and offsets of groups; and ends its transaction (EndTxn), which is one entry.
//
//                   first generation                      second (KIP-890)
//     begin         AddPartitionsToTxn, AddOffsetsToTxn   the first write itself
//     a write       is refused unless announced           Produce 12, TxnOffsetCommit 5
//     EndTxn        keeps the epoch                       counts it up: each transaction has its
//     own
//
// Where Kafka answers CONCURRENT_TRANSACTIONS, because the end of a transaction takes time, the
// end is there at once.
//
// Source: KIP-98, KIP-360, KIP-588, KIP-664, KIP-890, KIP-994, KIP-1152.
#pragma once

#include "klamm/broker/groups/groups.h"
#include "klamm/broker/producer_ids.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"
#include "klamm/broker/transactions/send_order.h"

#include <optional>

namespace klamm::broker {

/// Who would have one more is refused with POLICY_VIOLATION, as are groups and partitions.
inline constexpr std::size_t transactional_ids_max = 100'000;
inline constexpr std::size_t transactional_id_bytes_max = 4096;
inline constexpr std::size_t groups_per_transaction_max = 1000;
/// Ended or forgotten in one step, so that no step takes long.
inline constexpr std::size_t transactions_per_tick_max = 100;
/// A producer's last epoch. The one behind it is for fencing it.
inline constexpr std::int16_t last_epoch = 32766;

/// From these versions on a request belongs to the second generation.
inline constexpr kafka::ApiVersion produce_begins_from = 12;
inline constexpr kafka::ApiVersion txn_offset_commit_begins_from = 5;
inline constexpr kafka::ApiVersion end_txn_counts_up_from = 5;

class Transactions {
public:
    explicit Transactions(Groups& groups) : groups_(groups) {}

    // Each answers its request at once.
    void initialize(Step&, Request const&, kafka::InitProducerIdRequest const&);
    void add_partitions(Step&, Request const&, kafka::AddPartitionsToTxnRequest const&);
    void add_offsets(Step&, Request const&, kafka::AddOffsetsToTxnRequest const&);
    void commit_offsets(Step&, Request const&, kafka::TxnOffsetCommitRequest const&);
    void end(Step&, Request const&, kafka::EndTxnRequest const&);
    void write_markers(Step&, Request const&, kafka::WriteTxnMarkersRequest const&);

    /// Aborts transactions that took too long; forgets transactional ids that nobody uses.
    void tick(Step& step);
    std::optional<Instant> next_tick(State const& state, Now now) const;

private:
    kafka::ErrorCode initialize(Step&, kafka::InitProducerIdRequest const&, Incarnation& given);
    kafka::ErrorCode add_partitions(Step&, Request const&, std::string const& id,
                                    Incarnation const& producer,
                                    std::vector<PartitionKey> const& partitions);
    bool abort_overdue(Step& step);
    bool forget_idle(Step& step);
    kafka::ErrorCode add_group(Step&, Request const&, kafka::AddOffsetsToTxnRequest const&);
    kafka::ErrorCode end(Step&, Request const&, kafka::EndTxnRequest const&, Transaction const&);

    ProducerIds ids_;
    Groups& groups_;
    SendOrder control_;                ///< AddPartitionsToTxn, AddOffsetsToTxn and EndTxn
    SendOrder offsets_;                ///< TxnOffsetCommit, which goes to another coordinator
    std::optional<Instant> retry_at_;  ///< the journal was full
};

/// How a transaction ends, and what its producer is then.
struct Ending {
    TransactionStatus status{};
    std::int16_t marker_epoch = -1;
    Incarnation producer;
    Incarnation before;
    std::int32_t timeout_ms = 0;
};
/// An end from outside: the producer is fenced, and nobody has its epoch.
Ending fence(Transaction const& transaction);
/// Ends it. COORDINATOR_NOT_AVAILABLE: the journal is full, nothing happened.
kafka::ErrorCode end_transaction(Step& step, Transaction const& transaction, Ending const& ending);

/// Whether `producer` is the one that has the transactional id: NONE, INVALID_PRODUCER_ID_MAPPING
/// or PRODUCER_FENCED. `transaction` may be null.
kafka::ErrorCode check_producer(Transaction const* transaction, Incarnation const& producer);

/// Whether a batch that a client sent belongs to a transaction that it may belong to, or rightly
/// to none; if not, why.
std::optional<Refusal> check_write(State const& state, Partition const& partition,
                                   std::optional<std::string> const& transactional_id,
                                   records::BatchInfo const& batch, kafka::ApiVersion version);

}  // namespace klamm::broker
