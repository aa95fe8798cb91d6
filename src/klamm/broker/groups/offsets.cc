// broker/groups/offsets.cc - OffsetCommit, OffsetFetch and OffsetDelete.
#include "klamm/base/guard.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/groups/subscription.h"
#include "klamm/broker/state.h"

#include <utility>

namespace klamm::broker {

using kafka::ErrorCode;

// ---- commit -----------------------------------------------------------------------------

namespace {

constexpr kafka::ApiVersion commit_by_topic_id = 10;
constexpr kafka::ApiVersion commit_knows_group_errors = 9;

Topic const* topic_of(State const& state, kafka::ApiVersion version, auto const& topic) {
    return version >= commit_by_topic_id ? state.topic(topic.topic_id) : state.topic(topic.name);
}

ErrorCode check_partition(Options const& options, Topic const* topic, kafka::ApiVersion version,
                          kafka::OffsetCommitRequest::OffsetCommitRequestPartition const& at) {
    if (topic == nullptr && version >= commit_by_topic_id) return ErrorCode::unknown_topic_id;
    if (topic == nullptr || topic->partition(at.partition_index) == nullptr)
        return ErrorCode::unknown_topic_or_partition;
    auto const metadata_bytes = at.committed_metadata ? at.committed_metadata->size() : 0;
    if (metadata_bytes > std::size_t(options.offset_metadata_max_bytes))
        return ErrorCode::offset_metadata_too_large;
    return ErrorCode::none;
}

ErrorCode journal_offsets(Step& step, OffsetsCommitted const& entry) {
    auto head = encode_entry(entry);
    if (head.size() > journal::entry_bytes_max) return ErrorCode::invalid_commit_offset_size;
    return step.commit(std::move(head)) ? ErrorCode::none : ErrorCode::coordinator_not_available;
}

}  // namespace

// Consumers that do not use the group protocol commit with generation -1 and without a member
// id; they may, as long as the group has no members who would contradict them.
ErrorCode Groups::check_commit(Step& step, kafka::OffsetCommitRequest const& commit,
                               kafka::ApiVersion version) {
    auto const generation = commit.generation_id_or_member_epoch;
    if (is_consumer(step, commit.group_id))
        return consumers_.check_commit(step, commit.group_id, commit.member_id,
                                       commit.group_instance_id, generation, version);
    auto* group = find(step, commit.group_id);
    if (group == nullptr) {
        if (generation < 0) return may_create(step) ? ErrorCode::none : ErrorCode::policy_violation;
        return version >= commit_knows_group_errors ? ErrorCode::group_id_not_found
                                                    : ErrorCode::illegal_generation;
    }
    if (generation < 0 && group->phase == Phase::empty) return ErrorCode::none;
    if (generation < 0 && commit.member_id.empty() && !commit.group_instance_id)
        return ErrorCode::unknown_member_id;
    auto const error = check_member(*group, commit.member_id, commit.group_instance_id);
    if (error != ErrorCode::none) return error;
    if (generation != group->generation) return ErrorCode::illegal_generation;
    if (group->phase == Phase::completing_rebalance) return ErrorCode::rebalance_in_progress;
    refresh_session(step, *group, *group->member(commit.member_id));
    return ErrorCode::none;
}

// A producer that names no member is believed, even when the group has some: it was given the
// offsets by a consumer that is one, or assigned its partitions itself.
ErrorCode Groups::check_commit(Step& step, kafka::TxnOffsetCommitRequest const& commit) {
    if (is_consumer(step, commit.group_id)) return consumers_.check_commit(step, commit);
    auto const* group = find(step, commit.group_id);
    auto error = ErrorCode::none;
    if (group == nullptr) {
        if (commit.generation_id >= 0) return ErrorCode::illegal_generation;
        return may_create(step) ? ErrorCode::none : ErrorCode::policy_violation;
    }
    bool const names_one =
        commit.generation_id >= 0 || !commit.member_id.empty() || commit.group_instance_id;
    bool const simple = commit.generation_id < 0 && group->phase == Phase::empty;
    if (names_one && !simple) {
        error = check_member(*group, commit.member_id, commit.group_instance_id);
        if (error == ErrorCode::none && commit.generation_id != group->generation)
            error = ErrorCode::illegal_generation;
    }
    settle(commit.group_id);
    return error;
}

void Groups::commit_offsets(Step& step, Request const& request,
                            kafka::OffsetCommitRequest const& commit) {
    auto const version = request.header.api_version;
    OffsetsCommitted entry;
    entry.group_id = commit.group_id;
    entry.committed_ms = step.now().wall_ms;

    auto const consumer = is_consumer(step, commit.group_id);
    kafka::OffsetCommitResponse out;
    for (auto const& topic : commit.topics) {
        auto const* known = topic_of(step.state(), version, topic);
        auto& answers = out.topics.emplace_back();
        answers.name = topic.name;
        answers.topic_id = topic.topic_id;
        for (auto const& at : topic.partitions) {
            auto error = check_partition(step.options(), known, version, at);
            if (error == ErrorCode::none && consumer)
                error = consumers_.check_commit_of(step, commit.group_id, commit.member_id,
                                                   commit.generation_id_or_member_epoch,
                                                   known->name, at.partition_index);
            answers.partitions.push_back({at.partition_index, error});
            if (error == ErrorCode::none)
                entry.offsets.push_back({known->name, at.partition_index, at.committed_offset,
                                         at.committed_leader_epoch,
                                         at.committed_metadata.value_or("")});
        }
    }
    auto error = check_commit(step, commit, version);
    if (error == ErrorCode::none && !entry.offsets.empty()) error = journal_offsets(step, entry);
    for (auto& topic : out.topics)
        for (auto& at : topic.partitions)
            if (at.error_code == ErrorCode::none) at.error_code = error;
    settle(commit.group_id);
    answer(step, request.id, std::move(out));
}

// ---- fetch ------------------------------------------------------------------------------

namespace {

constexpr kafka::ApiVersion fetch_of_several_groups = 8;
constexpr kafka::ApiVersion fetch_by_topic_id = 10;

/// No offset is no error: the client then asks its own reset policy.
/// With `require_stable` an offset that a transaction may still change is none yet: the client
/// asks again until it is settled.
template <class Partition>
Partition partition_answer(StoredGroup const* group, std::string const& topic, std::int32_t number,
                           bool require_stable) {
    auto const* stored = group != nullptr ? group->offset(topic, number) : nullptr;
    bool const unstable = require_stable && guard(Guard::pending_offsets_awaited) &&
                          group != nullptr && group->has_pending(topic, number);
    if (unstable) stored = nullptr;
    Partition out;
    if (unstable) out.error_code = ErrorCode::unstable_offset_commit;
    out.partition_index = number;
    out.committed_offset = stored != nullptr ? stored->offset : -1;
    out.committed_leader_epoch = stored != nullptr ? stored->leader_epoch : -1;
    out.metadata = stored != nullptr ? stored->metadata : "";
    return out;
}

template <class Topic, class Partition>
std::vector<Topic> all_offsets(StoredGroup const* group, bool require_stable) {
    std::vector<Topic> out;
    if (group == nullptr) return out;
    for (auto const& [name, partitions] : group->offsets) {
        auto& topic = out.emplace_back();
        topic.name = name;
        for (auto const& [number, stored] : partitions)
            topic.partitions.push_back(
                partition_answer<Partition>(group, name, number, require_stable));
    }
    return out;
}

using FetchGroup = kafka::OffsetFetchRequest::OffsetFetchRequestGroup;
using GroupAnswer = kafka::OffsetFetchResponse::OffsetFetchResponseGroup;
using TopicAnswer = kafka::OffsetFetchResponse::OffsetFetchResponseTopics;
using PartitionAnswer = kafka::OffsetFetchResponse::OffsetFetchResponsePartitions;

TopicAnswer answer_topic(State const& state, StoredGroup const* group, kafka::ApiVersion version,
                         kafka::OffsetFetchRequest::OffsetFetchRequestTopics const& asked,
                         bool require_stable) {
    TopicAnswer out;
    out.name = asked.name;
    out.topic_id = asked.topic_id;
    auto error = ErrorCode::none;
    if (version >= fetch_by_topic_id) {
        auto const* topic = state.topic(asked.topic_id);
        if (topic == nullptr) error = ErrorCode::unknown_topic_id;
        if (topic != nullptr) out.name = topic->name;
    }
    for (auto const number : asked.partition_indexes) {
        auto const* known = error == ErrorCode::none ? group : nullptr;
        auto& answered = out.partitions.emplace_back(
            partition_answer<PartitionAnswer>(known, out.name, number, require_stable));
        if (error != ErrorCode::none) answered.error_code = error;
    }
    return out;
}

GroupAnswer answer_group(State const& state, kafka::ApiVersion version, FetchGroup const& asked,
                         bool require_stable) {
    GroupAnswer out;
    out.group_id = asked.group_id;
    auto const* group = state.groups.find(asked.group_id);
    if (asked.topics) {
        for (auto const& topic : *asked.topics)
            out.topics.push_back(answer_topic(state, group, version, topic, require_stable));
        return out;
    }
    out.topics = all_offsets<TopicAnswer, PartitionAnswer>(group, require_stable);
    for (auto& topic : out.topics)
        if (auto const* known = state.topic(topic.name)) topic.topic_id = known->id;
    return out;
}

GroupAnswer refused_group(FetchGroup const& asked, ErrorCode error) {
    GroupAnswer out;
    out.group_id = asked.group_id;
    out.error_code = error;
    return out;
}

}  // namespace

void Groups::fetch_offsets(Step& step, Request const& request,
                           kafka::OffsetFetchRequest const& fetch) {
    auto const& state = step.state();
    kafka::OffsetFetchResponse out;
    if (request.header.api_version >= fetch_of_several_groups) {
        for (auto const& group : fetch.groups) {
            auto const error =
                is_consumer(step, group.group_id)
                    ? consumers_.check_fetch(step, group.group_id, group.member_id.value_or(""),
                                             group.member_epoch)
                    : ErrorCode::none;
            if (error == ErrorCode::none)
                out.groups.push_back(
                    answer_group(state, request.header.api_version, group, fetch.require_stable));
            else
                out.groups.push_back(refused_group(group, error));
        }
        return answer(step, request.id, std::move(out));
    }
    using OneTopic = kafka::OffsetFetchResponse::OffsetFetchResponseTopic;
    using OnePartition = kafka::OffsetFetchResponse::OffsetFetchResponsePartition;
    auto const* group = state.groups.find(fetch.group_id);
    if (!fetch.topics)
        out.topics = all_offsets<OneTopic, OnePartition>(group, fetch.require_stable);
    if (fetch.topics) {
        for (auto const& asked : *fetch.topics) {
            auto& topic = out.topics.emplace_back();
            topic.name = asked.name;
            for (auto const number : asked.partition_indexes)
                topic.partitions.push_back(partition_answer<OnePartition>(group, asked.name, number,
                                                                          fetch.require_stable));
        }
    }
    answer(step, request.id, std::move(out));
}

// ---- delete -----------------------------------------------------------------------------

namespace {

ErrorCode check_delete(StoredGroup const* group, std::string const& group_id, Phase phase) {
    // Of a group of consumers what nobody reads may go, even while it lives.
    if (group_id.empty()) return ErrorCode::invalid_group_id;
    if (group == nullptr) return ErrorCode::group_id_not_found;
    if (phase != Phase::empty && !group->consumer && group->protocol_type != consumer_protocol_type)
        return ErrorCode::non_empty_group;
    return ErrorCode::none;
}

}  // namespace

void Groups::delete_offsets(Step& step, Request const& request,
                            kafka::OffsetDeleteRequest const& asked) {
    auto const& state = step.state();
    auto const* group = state.groups.find(asked.group_id);
    kafka::OffsetDeleteResponse out;
    out.error_code = check_delete(group, asked.group_id, phase(asked.group_id));
    if (out.error_code != ErrorCode::none) return answer(step, request.id, std::move(out));

    Subscriptions const subscriptions{*group};
    OffsetsDeleted entry;
    entry.group_id = asked.group_id;
    for (auto const& topic : asked.topics) {
        auto& answers = out.topics.emplace_back();
        answers.name = topic.name;
        for (auto const& at : topic.partitions) {
            auto error = ErrorCode::none;
            if (state.partition(topic.name, at.partition_index) == nullptr)
                error = ErrorCode::unknown_topic_or_partition;
            else if (subscriptions.contains(topic.name))
                error = ErrorCode::group_subscribed_to_topic;
            else if (group->offset(topic.name, at.partition_index) != nullptr)
                entry.partitions.push_back({topic.name, at.partition_index});
            answers.partitions.push_back({at.partition_index, error});
        }
    }
    if (!entry.partitions.empty() && !step.commit(encode_entry(entry))) {
        out.error_code = ErrorCode::coordinator_not_available;
        out.topics.clear();
    }
    answer(step, request.id, std::move(out));
}

}  // namespace klamm::broker
