// broker/transactions/extend.cc - what belongs to a transaction: AddPartitionsToTxn and
// AddOffsetsToTxn.
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/transactions/transactions.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr kafka::ApiVersion several_from = 4;
constexpr kafka::ApiVersion abortable_from = 5;
constexpr kafka::ApiVersion fenced_from = 2;

using Topics = std::vector<kafka::AddPartitionsToTxnRequest::AddPartitionsToTxnTopic>;
using TopicResults = std::vector<kafka::AddPartitionsToTxnResponse::AddPartitionsToTxnTopicResult>;

/// The same answer for each partition.
TopicResults all(Topics const& topics, ErrorCode error) {
    TopicResults results;
    for (auto const& topic : topics) {
        auto& out = results.emplace_back();
        out.name = topic.name;
        for (auto const number : topic.partitions)
            out.results_by_partition.push_back({number, error});
    }
    return results;
}

/// Whether all are there, for clients to write to; if not, `results` says which are not, and that
/// none was added.
bool all_known(State const& state, Topics const& topics, TopicResults& results) {
    bool known = true;
    results = all(topics, ErrorCode::operation_not_attempted);
    for (auto& topic : results) {
        for (auto& at : topic.results_by_partition) {
            bool const there = state.partition(topic.name, at.partition_index) != nullptr;
            if (there && !is_kept(topic.name)) continue;
            at.partition_error_code = there ? ErrorCode::topic_authorization_failed
                                            : ErrorCode::unknown_topic_or_partition;
            known = false;
        }
    }
    return known;
}

std::vector<PartitionKey> keys(State const& state, Topics const& topics) {
    std::vector<PartitionKey> list;
    for (auto const& topic : topics) {
        for (auto const number : topic.partitions)
            list.push_back(state.partition(topic.name, number)->key);
    }
    return list;
}

/// Asked by brokers of other clusters' kind: is each partition in the transaction?
TopicResults verify(State const& state, Transaction const* transaction, Incarnation const& producer,
                    Topics const& topics, kafka::ApiVersion version) {
    auto const error = check_producer(transaction, producer);
    auto results = all(topics, error);
    if (error != ErrorCode::none) return results;
    for (auto& topic : results) {
        for (auto& at : topic.results_by_partition) {
            auto const* partition = state.partition(topic.name, at.partition_index);
            if (partition != nullptr && transaction->has(partition->key)) continue;
            at.partition_error_code = version >= abortable_from ? ErrorCode::transaction_abortable
                                                                : ErrorCode::invalid_txn_state;
        }
    }
    return results;
}

}  // namespace

ErrorCode Transactions::add_partitions(Step& step, Request const& request, std::string const& id,
                                       Incarnation const& producer,
                                       std::vector<PartitionKey> const& partitions) {
    if (id.empty()) return ErrorCode::invalid_request;
    auto const* transaction = step.state().transactions.find(id);
    if (auto const error = check_producer(transaction, producer); error != ErrorCode::none)
        return error;
    if (request.header.api_version < several_from && control_.late(id, request))
        return ErrorCode::invalid_txn_state;
    TransactionExtended entry{
        .transactional_id = id, .partitions = {}, .groups = {}, .extended_ms = step.now().wall_ms};
    for (auto const key : partitions)
        if (!transaction->has(key)) entry.partitions.push_back(key);
    if (entry.partitions.empty() && (transaction->ongoing() || partitions.empty()))
        return ErrorCode::none;
    if (transaction->partitions.size() + entry.partitions.size() > partitions_per_transaction_max)
        return ErrorCode::policy_violation;
    return step.commit(encode_entry(entry)) ? ErrorCode::none
                                            : ErrorCode::coordinator_not_available;
}

void Transactions::add_partitions(Step& step, Request const& request,
                                  kafka::AddPartitionsToTxnRequest const& add) {
    auto const& state = step.state();
    auto const version = request.header.api_version;
    kafka::AddPartitionsToTxnResponse response;
    TopicResults results;
    if (version < several_from) {
        auto const& id = add.v3_and_below_transactional_id;
        auto const& topics = add.v3_and_below_topics;
        Incarnation const producer{add.v3_and_below_producer_id, add.v3_and_below_producer_epoch};
        if (all_known(state, topics, results)) {
            auto error = add_partitions(step, request, id, producer, keys(state, topics));
            if (error == ErrorCode::producer_fenced && version < fenced_from)
                error = ErrorCode::invalid_producer_epoch;
            results = all(topics, error);
        }
        response.results_by_topic_v3_and_below = std::move(results);
        return answer(step, request, std::move(response));
    }
    for (auto const& one : add.transactions) {
        Incarnation const producer{one.producer_id, one.producer_epoch};
        if (one.verify_only) {
            auto const* transaction = state.transactions.find(one.transactional_id);
            results = verify(state, transaction, producer, one.topics, version);
        } else if (all_known(state, one.topics, results)) {
            auto const error = add_partitions(step, request, one.transactional_id, producer,
                                              keys(state, one.topics));
            results = all(one.topics, error);
        }
        response.results_by_transaction.push_back({one.transactional_id, std::move(results)});
    }
    answer(step, request, std::move(response));
}

ErrorCode Transactions::add_group(Step& step, Request const& request,
                                  kafka::AddOffsetsToTxnRequest const& add) {
    if (add.transactional_id.empty()) return ErrorCode::invalid_request;
    if (add.group_id.empty()) return ErrorCode::invalid_group_id;
    auto const* transaction = step.state().transactions.find(add.transactional_id);
    auto const error = check_producer(transaction, {add.producer_id, add.producer_epoch});
    if (error != ErrorCode::none) return error;
    if (control_.late(add.transactional_id, request)) return ErrorCode::invalid_txn_state;
    if (transaction->has_group(add.group_id)) return ErrorCode::none;
    if (transaction->groups.size() >= groups_per_transaction_max)
        return ErrorCode::policy_violation;
    TransactionExtended const entry{.transactional_id = add.transactional_id,
                                    .partitions = {},
                                    .groups = {add.group_id},
                                    .extended_ms = step.now().wall_ms};
    return step.commit(encode_entry(entry)) ? ErrorCode::none
                                            : ErrorCode::coordinator_not_available;
}

void Transactions::add_offsets(Step& step, Request const& request,
                               kafka::AddOffsetsToTxnRequest const& add) {
    kafka::AddOffsetsToTxnResponse response;
    response.error_code = add_group(step, request, add);
    if (response.error_code == ErrorCode::producer_fenced &&
        request.header.api_version < fenced_from)
        response.error_code = ErrorCode::invalid_producer_epoch;
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
