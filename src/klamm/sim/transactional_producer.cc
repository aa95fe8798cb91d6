#include "klamm/sim/transactional_producer.h"

#include "klamm/records/batch.h"
#include "klamm/sim/audit.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t timeout_ms_min = 3'000;
constexpr std::uint64_t timeout_ms_more = 7'000;
/// A request of which nothing was heard may arrive until then: see Network.
constexpr Time late_request_max = 12 * second;
constexpr Time retry_pause = 100 * millisecond;
/// The broker rounds time down to milliseconds, twice.
constexpr Time rounding = 2 * millisecond;

/// What the two generations speak.
struct Versions {
    kafka::ApiVersion init, produce, txn_offset_commit, end_txn;
};
constexpr Versions first_generation{4, 9, 3, 3};
constexpr Versions second_generation{5, 12, 5, 5};
constexpr kafka::ApiVersion add_partitions_version = 3;
constexpr kafka::ApiVersion add_offsets_version = 3;

Bytes batch_of(std::vector<std::string> const& values, std::int64_t timestamp,
               records::BatchOptions const& options) {
    std::vector<records::Record> records;
    for (auto const& value : values) {
        auto& record = records.emplace_back();
        auto const view = std::as_bytes(std::span{value});
        record.value.emplace(view.begin(), view.end());
        record.timestamp = timestamp;
    }
    return records::build(records, options);
}

}  // namespace

template <class R>
Task<std::optional<typename R::Response>> TransactionalProducer::insist(R request,
                                                                        kafka::ApiVersion version) {
    while (!services().over) {
        auto answer = co_await client_.ask(request, version);
        if (answer) co_return answer;
        co_await services().schedule.sleep(retry_pause);
    }
    co_return std::nullopt;
}

Task<bool> TransactionalProducer::initialize() {
    auto& random = client_.random;
    second_generation_ = random.one_in(2);
    auto const versions = second_generation_ ? second_generation : first_generation;
    kafka::InitProducerIdRequest request;
    request.transactional_id = shared_.id;
    request.transaction_timeout_ms = timeout_ms_min + std::int32_t(random.below(timeout_ms_more));
    timeout_ = request.transaction_timeout_ms * millisecond;
    while (!services().over) {
        auto const now = services().schedule.now();
        for (auto const& name : shared_.open)
            services().checkers.tell(&Checker::transaction_may_end, name, now);
        ++shared_.asking;
        auto const answer = co_await client_.ask(request, versions.init);
        --shared_.asking;
        if (answer && answer->error_code == ErrorCode::none) {
            id_ = answer->producer_id;
            epoch_ = answer->producer_epoch;
            sequences_.clear();
            ++incarnation_;
            shared_.open.clear();
            services().trace.note("{} is producer {}/{} of {}", client_.name(), id_, epoch_,
                                  shared_.id);
            co_return true;
        }
        if (!answer) shared_.restless_until = now + late_request_max;
        co_await services().schedule.sleep(retry_pause);
    }
    co_return false;
}

void TransactionalProducer::begin() {
    name_ = fmt::format("{}.{}-{}", client_.name(), incarnation_, ++number_);
    commit_asked_ = false;
    added_.clear();
    groups_.clear();
    shared_.open.insert(name_);
    auto const now = services().schedule.now();
    bool const restless = shared_.asking > 0 || now < shared_.restless_until;
    services().checkers.tell(&Checker::transaction_may_end, name_,
                             restless ? now : now + timeout_ - rounding);
}

/// What an error means for the transaction; `retriable_` says whether the request is sent again.
Result TransactionalProducer::judge(ErrorCode error) {
    retriable_ = kafka::is_retriable(error);
    switch (error) {
        case ErrorCode::none:
            return Result::done;
        case ErrorCode::invalid_producer_epoch:
        case ErrorCode::producer_fenced:
            // Somebody else has the id, or the timeout was over: who never asked for a commit
            // knows how it ended.
            if (!commit_asked_) tell_ended(false);
            return Result::fenced;
        case ErrorCode::invalid_producer_id_mapping:
        case ErrorCode::invalid_txn_state:
            return Result::fenced;
        case ErrorCode::illegal_generation:
        case ErrorCode::unknown_member_id:
        case ErrorCode::fenced_instance_id:
        case ErrorCode::rebalance_in_progress:
            return Result::rejoin;
        default:
            if (!retriable_ && error != ErrorCode::transaction_abortable)
                services().violations.report(
                    "transaction_atomic", fmt::format("{} is refused with {} in {}", client_.name(),
                                                      to_string(error), name_));
            return Result::abort;
    }
}

void TransactionalProducer::tell_ended(bool committed) {
    shared_.open.erase(name_);
    services().trace.note("transaction {} is {}", name_, committed ? "committed" : "aborted");
    services().checkers.tell(&Checker::transaction_ended, EndedTransaction{name_, committed});
}

Task<Result> TransactionalProducer::add_partition(PartitionName const& partition) {
    kafka::AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = shared_.id;
    request.v3_and_below_producer_id = id_;
    request.v3_and_below_producer_epoch = epoch_;
    auto& topic = request.v3_and_below_topics.emplace_back();
    topic.name = partition.topic;
    topic.partitions.push_back(partition.number);
    for (;;) {
        auto const answer = co_await insist(request, add_partitions_version);
        if (!answer) co_return Result::fenced;
        auto const& part = answer->results_by_topic_v3_and_below.at(0).results_by_partition.at(0);
        auto const result = judge(part.partition_error_code);
        if (result == Result::done) added_.insert(partition);
        if (!retriable_) co_return result;
        co_await services().schedule.sleep(retry_pause);
    }
}

Task<Result> TransactionalProducer::write(PartitionName partition,
                                          std::vector<std::string> values) {
    if (!second_generation_ && !added_.contains(partition)) {
        auto const added = co_await add_partition(partition);
        if (added != Result::done) co_return added;
    }
    auto& sequence = sequences_[partition];
    kafka::ProduceRequest request;
    request.transactional_id = shared_.id;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& topic = request.topic_data.emplace_back();
    topic.name = partition.topic;
    auto& data = topic.partition_data.emplace_back();
    data.index = partition.number;
    data.records.emplace().parts.push_back(
        Slice{batch_of(values, services().schedule.broker_now().wall_ms,
                       {.codec = records::Codec(client_.random.below(2) * 3),
                        .producer_id = id_,
                        .producer_epoch = epoch_,
                        .base_sequence = sequence,
                        .transactional = true})});
    auto const version = (second_generation_ ? second_generation : first_generation).produce;
    for (;;) {
        auto const answer = co_await insist(request, version);
        if (!answer) co_return Result::fenced;
        auto const& part = answer->responses.at(0).partition_responses.at(0);
        auto const result = judge(part.error_code);
        if (result == Result::done) {
            sequence += std::int32_t(values.size());
            services().checkers.tell(
                &Checker::acked, Acked{partition, client_.name(), true, part.base_offset, values},
                services().schedule.now());
        }
        if (!retriable_) co_return result;
        co_await services().schedule.sleep(retry_pause);
    }
}

Task<Result> TransactionalProducer::add_group(std::string const& group) {
    kafka::AddOffsetsToTxnRequest request;
    request.transactional_id = shared_.id;
    request.producer_id = id_;
    request.producer_epoch = epoch_;
    request.group_id = group;
    for (;;) {
        auto const answer = co_await insist(request, add_offsets_version);
        if (!answer) co_return Result::fenced;
        auto const result = judge(answer->error_code);
        if (result == Result::done) groups_.insert(group);
        if (!retriable_) co_return result;
        co_await services().schedule.sleep(retry_pause);
    }
}

Task<Result> TransactionalProducer::send_offsets(Member const& member, Offsets offsets) {
    if (!second_generation_ && !groups_.contains(member.group())) {
        auto const added = co_await add_group(member.group());
        if (added != Result::done) co_return added;
    }
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = shared_.id;
    request.group_id = member.group();
    request.producer_id = id_;
    request.producer_epoch = epoch_;
    request.generation_id = member.generation();
    request.member_id = member.member_id();
    request.group_instance_id = member.instance();
    auto& topic = request.topics.emplace_back();
    topic.name = main_topic;
    for (auto const& [number, offset] : offsets) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = number;
        partition.committed_offset = offset;
    }
    auto const version =
        (second_generation_ ? second_generation : first_generation).txn_offset_commit;
    for (;;) {
        auto const answer = co_await insist(request, version);
        if (!answer) co_return Result::fenced;
        auto const result = judge(answer->topics.at(0).partitions.at(0).error_code);
        if (!retriable_) co_return result;
        co_await services().schedule.sleep(retry_pause);
    }
}

Task<Result> TransactionalProducer::end(bool commit) {
    kafka::EndTxnRequest request;
    request.transactional_id = shared_.id;
    request.producer_id = id_;
    request.producer_epoch = epoch_;
    request.committed = commit;
    auto const version = (second_generation_ ? second_generation : first_generation).end_txn;
    services().checkers.tell(&Checker::transaction_may_end, name_, services().schedule.now());
    commit_asked_ = commit;
    for (;;) {
        auto const answer = co_await insist(request, version);
        if (!answer) co_return Result::fenced;
        auto const result = judge(answer->error_code);
        if (result == Result::done) {
            tell_ended(commit);
            if (answer->producer_id >= 0) {
                id_ = answer->producer_id;
                epoch_ = answer->producer_epoch;
                sequences_.clear();
            }
        }
        if (!retriable_) co_return result;
        co_await services().schedule.sleep(retry_pause);
    }
}

}  // namespace klamm::sim
