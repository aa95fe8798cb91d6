#include "klamm/broker/transactions/changes.h"

#include "klamm/base/ensure.h"
#include "klamm/records/batch.h"

#include <algorithm>
#include <vector>

namespace klamm::broker {
namespace {

std::string unknown(std::string_view id) {
    return "transactional id '" + std::string(id) + "' is not known";
}

/// Whether the producer may belong to `id` from now on.
Refused check_producer(State const& state, std::string_view id, Incarnation const& producer,
                       std::int32_t timeout_ms) {
    if (producer.id < 0 || producer.epoch < 0) return "its producer has no id or no epoch";
    auto const* owner = state.transactions.of_producer(producer.id);
    if (owner != nullptr && owner->id != id)
        return "producer " + std::to_string(producer.id) + " has another transactional id";
    if (timeout_ms < 0) return "its timeout is negative";
    return std::nullopt;
}

/// A marker, and the partition that it goes to.
struct Marked {
    Partition* partition = nullptr;
    records::BatchInfo batch;
    BatchRef ref;
};

/// Takes the markers of an ended transaction apart; the reason why they cannot be.
Refused take_markers(State const& state, Transaction const& transaction,
                     TransactionEnded const& entry, journal::Position at, ByteView body,
                     std::vector<Marked>& markers) {
    if (!std::ranges::equal(entry.partitions, transaction.partitions))
        return "its partitions are not those of the transaction";
    if (body.size() != entry.partitions.size() * records::end_marker_bytes)
        return "its body does not hold one marker for each partition";
    for (std::size_t n = 0; n < entry.partitions.size(); ++n) {
        auto const skip = n * records::end_marker_bytes;
        auto const bytes = body.subspan(skip, records::end_marker_bytes);
        auto const marker = records::read_end_marker(bytes);
        if (!marker) return marker.error().why;
        auto* partition = state.partition(entry.partitions[n]);
        ensure(partition != nullptr);  // deleted ones are no longer in the transaction
        if (marker->committed != (entry.status == TransactionStatus::committed) ||
            marker->producer_id != transaction.producer.id ||
            marker->producer_epoch < transaction.producer.epoch ||
            marker->base_offset != partition->next_offset)
            return "a marker is not of this end, or not at the end of its partition";
        BatchRef const ref{.position = at,
                           .bytes = std::uint32_t(records::end_marker_bytes),
                           .base_offset = marker->base_offset,
                           .last_offset = marker->base_offset,
                           .max_timestamp = marker->timestamp,
                           .skip = std::uint32_t(skip)};
        if (!partition->batches.can_append(ref)) return "a marker does not lie behind its log";
        markers.push_back({partition, *records::read_header(bytes), ref});
    }
    return std::nullopt;
}

}  // namespace

Refused change(State& state, ProducerInitialized const& entry) {
    if (entry.transactional_id.empty()) return "the transactional id is empty";
    auto const* known = state.transactions.find(entry.transactional_id);
    if (known != nullptr && known->ongoing()) return "its transaction has not ended";
    if (auto refused =
            check_producer(state, entry.transactional_id, entry.producer, entry.timeout_ms))
        return refused;
    state.transactions.initialize(entry);
    return std::nullopt;
}

Refused change(State& state, TransactionExtended const& entry) {
    if (state.transactions.find(entry.transactional_id) == nullptr)
        return unknown(entry.transactional_id);
    for (auto const key : entry.partitions) {
        if (state.partition(key) == nullptr) return "one of its partitions is not known";
    }
    state.transactions.extend(entry);
    return std::nullopt;
}

Refused change(State& state, TransactionOffsets const& entry, journal::Position at) {
    auto const* transaction = state.transactions.find(entry.transactional_id);
    if (transaction == nullptr) return unknown(entry.transactional_id);
    state.transactions.add_group(transaction->id, entry.group_id, entry.committed_ms);
    state.groups.apply(entry, transaction->producer.id, std::uint64_t(at));
    return std::nullopt;
}

Refused change(State& state, TransactionEnded const& entry, journal::Position at, ByteView body) {
    auto const* transaction = state.transactions.find(entry.transactional_id);
    if (transaction == nullptr) return unknown(entry.transactional_id);
    if (entry.status == TransactionStatus::ongoing || entry.status > TransactionStatus::aborted)
        return "it has an end that is none";
    if (auto refused =
            check_producer(state, entry.transactional_id, entry.producer, entry.timeout_ms))
        return refused;
    std::vector<Marked> markers;
    if (auto refused = take_markers(state, *transaction, entry, at, body, markers)) return refused;

    bool const committed = entry.status == TransactionStatus::committed;
    auto const producer_id = transaction->producer.id;
    for (auto const& [partition, batch, ref] : markers) {
        partition->batches.append(ref);
        partition->next_offset = ref.last_offset + 1;
        partition->need_transactions().end(producer_id, committed, ref.base_offset);
        if (partition->transactions->empty()) partition->transactions.reset();
        state.producers.ended(partition->key, batch, entry.ended_ms);
    }
    for (auto const& group : transaction->groups)
        state.groups.end_transaction(group, producer_id, committed);
    state.transactions.end(entry);
    return std::nullopt;
}

Refused change(State& state, TransactionalIdsForgotten const& entry) {
    for (auto const& id : entry.transactional_ids) {
        auto const* transaction = state.transactions.find(id);
        if (transaction == nullptr) return unknown(id);
        if (transaction->ongoing()) return "transaction '" + id + "' has not ended";
    }
    // A name that comes twice is not there the second time.
    for (auto const& id : entry.transactional_ids) {
        if (state.transactions.find(id) != nullptr) state.transactions.forget(id);
    }
    return std::nullopt;
}

Refused check_transactional(State const& state, records::BatchInfo const& batch) {
    auto const* transaction = state.transactions.of_producer(batch.producer_id);
    if (transaction == nullptr || transaction->producer.epoch != batch.producer_epoch)
        return "the batch is of a producer that has no transactional id";
    return std::nullopt;
}

void write_transactional(State& state, Partition& partition, records::BatchInfo const& batch,
                         std::int64_t appended_ms) {
    auto const& transaction = *state.transactions.of_producer(batch.producer_id);
    partition.need_transactions().write(batch.producer_id, batch.base_offset);
    state.transactions.write(transaction.id, partition.key, appended_ms);
}

}  // namespace klamm::broker
