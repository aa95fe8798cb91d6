// broker/groups/consumer_offsets.cc - who of a group of the consumer protocol may commit and ask
// for offsets.
#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/state.h"

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

/// Older requests have no member epoch, only a generation.
constexpr kafka::ApiVersion commit_with_member_epoch = 9;

/// What the member calls an epoch that it does not have.
ErrorCode other_epoch(ConsumerMember const& member) {
    return member.info.classic() ? ErrorCode::illegal_generation : ErrorCode::stale_member_epoch;
}

}  // namespace

ErrorCode ConsumerGroups::check_commit(Step& step, std::string const& group_id,
                                       std::string const& member_id,
                                       std::optional<std::string> const& instance_id,
                                       std::int32_t epoch,
                                       std::optional<kafka::ApiVersion> version) {
    auto const& group = *step.state().groups.consumer(group_id);
    if (epoch < 0 && group.members.empty()) return ErrorCode::none;  // an administrator
    auto const* member = group.member(member_id);
    if (instance_id) {
        auto const* owner = group.static_member(*instance_id);
        if (owner != nullptr && owner->info.member_id != member_id)
            return ErrorCode::fenced_instance_id;
    }
    if (member == nullptr) return ErrorCode::unknown_member_id;
    if (!member->info.classic() && version && *version < commit_with_member_epoch)
        return ErrorCode::unsupported_version;
    return epoch >= 0 && epoch <= member->epoch ? ErrorCode::none : other_epoch(*member);
}

ErrorCode ConsumerGroups::check_commit_of(Step& step, std::string const& group_id,
                                          std::string const& member_id, std::int32_t epoch,
                                          std::string const& topic, std::int32_t partition) {
    auto const* member = step.state().groups.consumer(group_id)->member(member_id);
    if (member == nullptr || epoch == member->epoch) return ErrorCode::none;
    auto const* known = step.state().topic(topic);
    if (known == nullptr) return other_epoch(*member);
    for (auto const* owned : {&member->assigned, &member->revoking}) {
        auto const at = owned->find({known->id, partition});
        if (at != owned->end() && at->second <= epoch) return ErrorCode::none;
    }
    return other_epoch(*member);
}

// A producer that names no member is believed, as in a classic group.
ErrorCode ConsumerGroups::check_commit(Step& step, kafka::TxnOffsetCommitRequest const& commit) {
    auto const epoch = commit.generation_id;
    if (epoch < 0 && commit.member_id.empty() && !commit.group_instance_id) return ErrorCode::none;
    auto error = check_commit(step, commit.group_id, commit.member_id, commit.group_instance_id,
                              epoch, std::nullopt);
    for (auto const& topic : commit.topics)
        for (auto const& at : topic.partitions)
            if (error == ErrorCode::none)
                error = check_commit_of(step, commit.group_id, commit.member_id, epoch, topic.name,
                                        at.partition_index);
    // Producers do not know of epochs.
    return error == ErrorCode::stale_member_epoch ? ErrorCode::illegal_generation : error;
}

ErrorCode ConsumerGroups::check_fetch(Step& step, std::string const& group_id,
                                      std::string const& member_id, std::int32_t epoch) const {
    auto const& group = *step.state().groups.consumer(group_id);
    if (member_id.empty() && epoch < 0) return ErrorCode::none;
    auto const* member = group.member(member_id);
    if (member == nullptr) return ErrorCode::unknown_member_id;
    return epoch == member->epoch ? ErrorCode::none : other_epoch(*member);
}

}  // namespace klamm::broker
