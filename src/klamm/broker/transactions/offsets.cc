// broker/transactions/offsets.cc - TxnOffsetCommit: offsets that count when the transaction does.
#include "klamm/broker/handlers.h"
#include "klamm/broker/transactions/transactions.h"

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr kafka::ApiVersion abortable_from = 4;

ErrorCode check_transaction(State const& state, kafka::TxnOffsetCommitRequest const& commit,
                            kafka::ApiVersion version) {
    auto const* transaction = state.transactions.find(commit.transactional_id);
    auto const error = check_producer(transaction, {commit.producer_id, commit.producer_epoch});
    if (error == ErrorCode::producer_fenced) return ErrorCode::invalid_producer_epoch;
    if (error != ErrorCode::none || transaction->has_group(commit.group_id)) return error;
    if (version < txn_offset_commit_begins_from)
        return version >= abortable_from ? ErrorCode::transaction_abortable
                                         : ErrorCode::invalid_txn_state;
    return transaction->groups.size() < groups_per_transaction_max ? ErrorCode::none
                                                                   : ErrorCode::policy_violation;
}

ErrorCode journal(Step& step, TransactionOffsets const& entry) {
    auto head = encode_entry(entry);
    if (head.size() > journal::entry_bytes_max) return ErrorCode::invalid_commit_offset_size;
    return step.commit(std::move(head)) ? ErrorCode::none : ErrorCode::coordinator_not_available;
}

}  // namespace

void Transactions::commit_offsets(Step& step, Request const& request,
                                  kafka::TxnOffsetCommitRequest const& commit) {
    auto const& state = step.state();
    auto const version = request.header.api_version;
    auto error = commit.group_id.empty() ? ErrorCode::invalid_group_id
                                         : check_transaction(state, commit, version);
    if (error == ErrorCode::none && version < txn_offset_commit_begins_from &&
        offsets_.late(commit.transactional_id, request))
        error = ErrorCode::invalid_txn_state;
    if (error == ErrorCode::none) error = groups_.check_commit(step, commit);

    TransactionOffsets entry{.transactional_id = commit.transactional_id,
                             .group_id = commit.group_id,
                             .committed_ms = step.now().wall_ms,
                             .offsets = {}};
    kafka::TxnOffsetCommitResponse response;
    for (auto const& topic : commit.topics) {
        auto& out = response.topics.emplace_back();
        out.name = topic.name;
        for (auto const& at : topic.partitions) {
            auto& answered = out.partitions.emplace_back(at.partition_index, error);
            auto const metadata = at.committed_metadata.value_or("");
            if (state.partition(topic.name, at.partition_index) == nullptr)
                answered.error_code = ErrorCode::unknown_topic_or_partition;
            else if (metadata.size() > std::size_t(step.options().offset_metadata_max_bytes))
                answered.error_code = ErrorCode::offset_metadata_too_large;
            else
                entry.offsets.push_back({topic.name, at.partition_index, at.committed_offset,
                                         at.committed_leader_epoch, metadata});
        }
    }
    if (error == ErrorCode::none && !entry.offsets.empty()) error = journal(step, entry);
    for (auto& topic : response.topics)
        for (auto& at : topic.partitions)
            if (at.error_code == ErrorCode::none) at.error_code = error;
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
