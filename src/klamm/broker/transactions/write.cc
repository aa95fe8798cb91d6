// broker/transactions/write.cc - which batches belong to a transaction.
//
// In the first generation a partition must have been announced before it is written: otherwise the
// batch is one of an earlier transaction, or nobody would ever end this one. In the second the
// epoch says which transaction it is, and the write itself adds the partition (changes.h).
#include "klamm/broker/transactions/transactions.h"

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr kafka::ApiVersion produce_abortable_from = 11;

ErrorCode check(Transaction const* transaction, PartitionKey partition,
                records::BatchInfo const& batch, kafka::ApiVersion version) {
    auto const error = check_producer(transaction, {batch.producer_id, batch.producer_epoch});
    if (error == ErrorCode::producer_fenced) return ErrorCode::invalid_producer_epoch;
    if (error != ErrorCode::none || transaction->has(partition)) return error;
    if (version < produce_begins_from)
        return version >= produce_abortable_from ? ErrorCode::transaction_abortable
                                                 : ErrorCode::invalid_txn_state;
    if (transaction->partitions.size() >= partitions_per_transaction_max)
        return ErrorCode::policy_violation;
    return ErrorCode::none;
}

std::string why(ErrorCode error, std::string const& transactional_id,
                records::BatchInfo const& batch) {
    auto const who = "Producer " + std::to_string(batch.producer_id) + " with epoch " +
                     std::to_string(batch.producer_epoch);
    if (error == ErrorCode::invalid_producer_id_mapping)
        return who + " does not have the transactional id '" + transactional_id + "'.";
    if (error == ErrorCode::invalid_producer_epoch)
        return who + " is fenced: its transaction has ended, or another producer has the " +
               "transactional id '" + transactional_id + "'.";
    if (error == ErrorCode::policy_violation)
        return "A transaction may write to " + std::to_string(partitions_per_transaction_max) +
               " partitions at most.";
    return "The partition was not added to the transaction.";
}

}  // namespace

std::optional<Refusal> check_write(State const& state, Partition const& partition,
                                   std::optional<std::string> const& transactional_id,
                                   records::BatchInfo const& batch, kafka::ApiVersion version) {
    if (!batch.transactional()) {
        if (!partition.transactions || !partition.transactions->first_offset(batch.producer_id))
            return std::nullopt;
        return Refusal{ErrorCode::invalid_txn_state,
                       "Producer " + std::to_string(batch.producer_id) +
                           " has an open transaction in this partition, and the batch is in none."};
    }
    if (!transactional_id)
        return Refusal{ErrorCode::transactional_id_authorization_failed,
                       "A transactional batch needs a request with a transactional id."};
    auto const* transaction = state.transactions.find(*transactional_id);
    auto const error = check(transaction, partition.key, batch, version);
    if (error == ErrorCode::none) return std::nullopt;
    return Refusal{error, why(error, *transactional_id, batch)};
}

}  // namespace klamm::broker
