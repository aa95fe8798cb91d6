#include "klamm/broker/transactions/transactions_state.h"

#include <utility>

namespace klamm::broker {
namespace {

std::int64_t deadline(Transaction const& transaction) {
    // Wraps on times that no clock shows.
    return std::int64_t(std::uint64_t(transaction.started_ms) +
                        std::uint64_t(std::int64_t{transaction.timeout_ms}));
}

}  // namespace

Transaction const* TransactionsState::find(std::string_view id) const {
    auto const found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
}

Transaction const* TransactionsState::of_producer(std::int64_t producer_id) const {
    auto const found = by_producer_.find(producer_id);
    return found == by_producer_.end() ? nullptr : find(found->second);
}

void TransactionsState::unlink(Transaction const& transaction) {
    by_producer_.erase(transaction.producer.id);
    deadlines_.erase({deadline(transaction), transaction.producer.id});
    idle_.erase({transaction.updated_ms, transaction.producer.id});
}

void TransactionsState::link(Transaction const& transaction) {
    by_producer_.emplace(transaction.producer.id, transaction.id);
    if (transaction.ongoing())
        deadlines_.emplace(deadline(transaction), transaction.producer.id);
    else
        idle_.emplace(transaction.updated_ms, transaction.producer.id);
}

void TransactionsState::initialize(ProducerInitialized const& entry) {
    auto const [found, added] = all_.try_emplace(entry.transactional_id);
    auto& transaction = found->second;
    if (!added) unlink(transaction);
    transaction.id = entry.transactional_id;
    transaction.producer = entry.producer;
    transaction.before = entry.before;
    transaction.timeout_ms = entry.timeout_ms;
    transaction.status = TransactionStatus::empty;
    transaction.started_ms = -1;
    transaction.updated_ms = entry.initialized_ms;
    link(transaction);
}

void TransactionsState::begin(Transaction& transaction, std::int64_t at_ms) {
    if (transaction.ongoing()) return;
    unlink(transaction);
    transaction.status = TransactionStatus::ongoing;
    transaction.started_ms = transaction.updated_ms = at_ms;
    link(transaction);
}

void TransactionsState::write(std::string_view id, PartitionKey partition, std::int64_t at_ms) {
    auto& transaction = at(id);
    begin(transaction, at_ms);
    transaction.partitions.insert(partition);
}

void TransactionsState::extend(TransactionExtended const& entry) {
    auto& transaction = at(entry.transactional_id);
    begin(transaction, entry.extended_ms);
    transaction.partitions.insert(entry.partitions.begin(), entry.partitions.end());
    transaction.groups.insert(entry.groups.begin(), entry.groups.end());
}

void TransactionsState::add_group(std::string_view id, std::string const& group,
                                  std::int64_t at_ms) {
    auto& transaction = at(id);
    begin(transaction, at_ms);
    transaction.groups.insert(group);
}

void TransactionsState::end(TransactionEnded const& entry) {
    auto& transaction = at(entry.transactional_id);
    unlink(transaction);
    transaction.producer = entry.producer;
    transaction.before = entry.before;
    transaction.timeout_ms = entry.timeout_ms;
    transaction.status = entry.status;
    transaction.updated_ms = entry.ended_ms;
    transaction.partitions.clear();
    transaction.groups.clear();
    link(transaction);
}

void TransactionsState::forget(std::string_view id) {
    auto const found = all_.find(id);
    unlink(found->second);
    all_.erase(found);
}

void TransactionsState::partition_deleted(PartitionKey partition) {
    for (auto const& [at_ms, producer_id] : deadlines_)
        at(by_producer_.at(producer_id)).partitions.erase(partition);
}

bool TransactionsState::restore(Transaction transaction) {
    if (transaction.id.empty() || transaction.producer.id < 0 || transaction.producer.epoch < 0 ||
        transaction.status > TransactionStatus::aborted ||
        by_producer_.contains(transaction.producer.id))
        return false;
    if (!transaction.ongoing() && !(transaction.partitions.empty() && transaction.groups.empty()))
        return false;
    auto const [at, added] = all_.try_emplace(transaction.id);
    if (!added) return false;
    at->second = std::move(transaction);
    link(at->second);
    return true;
}

}  // namespace klamm::broker
