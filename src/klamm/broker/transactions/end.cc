// broker/transactions/end.cc - how transactions end: EndTxn, timeouts, administrators.
#include "klamm/base/guard.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/transactions/transactions.h"
#include "klamm/records/batch.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace klamm::broker {

using kafka::ErrorCode;

Ending fence(Transaction const& transaction) {
    auto const next = std::int16_t(std::min<int>(transaction.producer.epoch, last_epoch) + 1);
    return {.status = TransactionStatus::aborted,
            .marker_epoch = next,
            .producer = {transaction.producer.id, next},
            .before = {},
            .timeout_ms = transaction.timeout_ms};
}

ErrorCode end_transaction(Step& step, Transaction const& transaction, Ending const& ending) {
    auto const now_ms = step.now().wall_ms;
    TransactionEnded entry{.transactional_id = transaction.id,
                           .status = ending.status,
                           .producer = ending.producer,
                           .before = ending.before,
                           .timeout_ms = ending.timeout_ms,
                           .ended_ms = now_ms,
                           .partitions = {}};
    Bytes body(transaction.partitions.size() * records::end_marker_bytes);
    for (auto const key : transaction.partitions) {
        auto const marker =
            records::build({.committed = ending.status == TransactionStatus::committed,
                            .producer_id = transaction.producer.id,
                            .producer_epoch = ending.marker_epoch,
                            .base_offset = step.state().partition(key)->next_offset,
                            .leader_epoch = leader_epoch,
                            .timestamp = now_ms});
        std::memcpy(body.data() + entry.partitions.size() * records::end_marker_bytes,
                    marker.data(), marker.size());
        entry.partitions.push_back(key);
    }
    return step.commit(encode_entry(entry), Slice{std::move(body)})
               ? ErrorCode::none
               : ErrorCode::coordinator_not_available;
}

// ---- EndTxn -------------------------------------------------------------------------------

namespace {

constexpr kafka::ApiVersion fenced_from = 2;

TransactionStatus wanted(kafka::EndTxnRequest const& request) {
    return request.committed ? TransactionStatus::committed : TransactionStatus::aborted;
}

}  // namespace

/// NONE without an entry: it has ended so already, and the answer was lost.
ErrorCode Transactions::end(Step& step, Request const& request, kafka::EndTxnRequest const& end_txn,
                            Transaction const& transaction) {
    bool const counts_up = request.header.api_version >= end_txn_counts_up_from;
    Incarnation const claimed{end_txn.producer_id, end_txn.producer_epoch};
    bool const has_ended = transaction.status == TransactionStatus::committed ||
                           transaction.status == TransactionStatus::aborted;
    if (counts_up && has_ended && claimed == transaction.before)
        return transaction.status == wanted(end_txn) ? ErrorCode::none
                                                     : ErrorCode::invalid_txn_state;
    if (auto const error = check_producer(&transaction, claimed);
        guard(Guard::end_checks_epoch) && error != ErrorCode::none)
        return error;
    if (!counts_up && control_.late(transaction.id, request)) return ErrorCode::invalid_txn_state;
    if (!transaction.ongoing()) {
        if (!counts_up)
            return transaction.status == wanted(end_txn) ? ErrorCode::none
                                                         : ErrorCode::invalid_txn_state;
        // An abort counts up even when there is nothing to abort: something may be on its way.
        if (end_txn.committed) return ErrorCode::invalid_txn_state;
    }
    Ending ending{.status = wanted(end_txn),
                  .marker_epoch = transaction.producer.epoch,
                  .producer = transaction.producer,
                  .before = transaction.before,
                  .timeout_ms = transaction.timeout_ms};
    if (counts_up) {
        ending.before = transaction.producer;
        ending.marker_epoch = std::int16_t(transaction.producer.epoch + 1);
        ending.producer.epoch = ending.marker_epoch;
        if (transaction.producer.epoch >= last_epoch) {
            auto const new_id = ids_.take(step);
            if (!new_id) return ErrorCode::coordinator_not_available;
            ending.producer = {*new_id, 0};
        }
    }
    return end_transaction(step, transaction, ending);
}

void Transactions::end(Step& step, Request const& request, kafka::EndTxnRequest const& end_txn) {
    auto const version = request.header.api_version;
    kafka::EndTxnResponse response;
    auto& error = response.error_code;
    auto const* transaction = step.state().transactions.find(end_txn.transactional_id);
    if (end_txn.transactional_id.empty()) {
        error = ErrorCode::invalid_request;
    } else if (transaction == nullptr) {
        error = ErrorCode::invalid_producer_id_mapping;
    } else {
        error = end(step, request, end_txn, *transaction);
        if (error == ErrorCode::none) {
            response.producer_id = transaction->producer.id;
            response.producer_epoch = transaction->producer.epoch;
        }
    }
    if (error == ErrorCode::producer_fenced && version < fenced_from)
        error = ErrorCode::invalid_producer_epoch;
    answer(step, request, std::move(response));
}

// ---- WriteTxnMarkers ------------------------------------------------------------------------

// A coordinator elsewhere would use it; here it is how an administrator aborts a transaction
// (KIP-664). Half a transaction cannot be aborted, so all of it is. There is no coordinator that
// could have decided a commit.
void Transactions::write_markers(Step& step, Request const& request,
                                 kafka::WriteTxnMarkersRequest const& write) {
    kafka::WriteTxnMarkersResponse response;
    for (auto const& marker : write.markers) {
        auto& out = response.markers.emplace_back();
        out.producer_id = marker.producer_id;
        for (auto const& [name, numbers] : marker.topics) {
            auto& topic_out = out.topics.emplace_back();
            topic_out.name = name;
            for (auto const number : numbers) {
                auto& error = topic_out.partitions.emplace_back(number).error_code;
                auto const* partition = step.state().partition(name, number);
                auto const* transaction = step.state().transactions.of_producer(marker.producer_id);
                if (partition == nullptr)
                    error = ErrorCode::unknown_topic_or_partition;
                else if (marker.transaction_result)
                    error = ErrorCode::invalid_txn_state;
                else if (transaction == nullptr || !transaction->has(partition->key))
                    continue;  // nothing to abort, or it was aborted with a partition before
                else if (marker.producer_epoch < transaction->producer.epoch)
                    error = ErrorCode::invalid_producer_epoch;
                else
                    error = end_transaction(step, *transaction, fence(*transaction));
            }
        }
    }
    answer(step, request, std::move(response));
}

// ---- time -----------------------------------------------------------------------------------

// Deadlines are of the wall clock, as a transaction must end in time over a restart as well.

bool Transactions::abort_overdue(Step& step) {
    auto const& transactions = step.state().transactions;
    for (std::size_t n = 0; n < transactions_per_tick_max; ++n) {
        auto const& deadlines = transactions.deadlines();
        if (deadlines.empty() || deadlines.begin()->first > step.now().wall_ms) return true;
        auto const& overdue = *transactions.of_producer(deadlines.begin()->second);
        if (end_transaction(step, overdue, fence(overdue)) != ErrorCode::none) return false;
    }
    return true;
}

bool Transactions::forget_idle(Step& step) {
    auto const expiration_ms = step.options().transactional_id_expiration_ms.count();
    auto const& transactions = step.state().transactions;
    TransactionalIdsForgotten entry;
    for (auto const& [since_ms, producer_id] : transactions.idle()) {
        if (since_ms + expiration_ms > step.now().wall_ms ||
            entry.transactional_ids.size() == transactions_per_tick_max)
            break;
        entry.transactional_ids.push_back(transactions.of_producer(producer_id)->id);
    }
    if (entry.transactional_ids.empty()) return true;
    if (!step.commit(encode_entry(entry))) return false;
    for (auto const& id : entry.transactional_ids) {
        control_.forget(id);
        offsets_.forget(id);
    }
    return true;
}

void Transactions::tick(Step& step) {
    if (retry_at_ && step.now().instant < *retry_at_) return;
    retry_at_.reset();
    if (!abort_overdue(step) || !forget_idle(step))
        retry_at_ = step.now().instant + full_journal_retry;
}

std::optional<Instant> Transactions::next_tick(State const& state, Now now) const {
    if (retry_at_) return retry_at_;
    std::optional<Instant> next;
    auto const at_wall = [&](std::int64_t wall_ms) {
        auto const at = now.instant + Duration{std::max<std::int64_t>(wall_ms - now.wall_ms, 0)};
        next = next ? std::min(*next, at) : at;
    };
    auto const& deadlines = state.transactions.deadlines();
    auto const& idle = state.transactions.idle();
    if (!deadlines.empty()) at_wall(deadlines.begin()->first);
    if (!idle.empty())
        at_wall(idle.begin()->first + state.options.transactional_id_expiration_ms.count());
    return next;
}

}  // namespace klamm::broker
