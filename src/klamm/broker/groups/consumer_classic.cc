// broker/groups/consumer_classic.cc - classic members of a group of the consumer protocol.
//
//     JoinGroup  says what the member reads and has; answered at once with its epoch as generation
//     SyncGroup  is told what the member may read
//     Heartbeat  REBALANCE_IN_PROGRESS: join again, because the group's epoch is higher, because
//                something must be revoked, or because what was missing is free
//
// A member that is asked to join or to sync and does not do so within its rebalance timeout is
// removed.
#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr kafka::ApiVersion protocol_name_may_be_null = 7;

/// Whether a member with these protocols could live beside the classic ones that are there.
bool supports(ConsumerGroup const& group, std::string const& member_id,
              kafka::JoinGroupRequest const& join) {
    if (join.protocol_type != consumer_protocol_type || join.protocols.empty()) return false;
    return std::ranges::any_of(join.protocols, [&](auto const& offered) {
        return std::ranges::all_of(group.members, [&](auto const& known) {
            auto const& [id, member] = known;
            auto const& theirs = member.info.classic_protocols;
            return id == member_id || !member.info.classic() ||
                   std::ranges::find(theirs, offered.name, &ClassicProtocol::name) != theirs.end();
        });
    });
}

/// Also whether an instance is whom it says it is: NONE, UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID.
ErrorCode check_classic(ConsumerGroup const& group, std::string const& member_id,
                        std::optional<std::string> const& instance_id) {
    if (instance_id) {
        auto const* member = group.static_member(*instance_id);
        if (member == nullptr) return ErrorCode::unknown_member_id;
        if (member->info.member_id != member_id) return ErrorCode::fenced_instance_id;
    }
    auto const* member = group.member(member_id);
    return member != nullptr && member->info.classic() ? ErrorCode::none
                                                       : ErrorCode::unknown_member_id;
}

void update(ConsumerMemberInfo& info, Request const& request, kafka::JoinGroupRequest const& join,
            ClassicSubscription const& subscription) {
    info.instance_id = join.group_instance_id;
    info.client_id = request.header.client_id.value_or("");
    info.client_host = request.peer;
    info.topic_regex.clear();
    info.topics = subscription.topics;
    std::ranges::sort(info.topics);
    auto const twice = std::ranges::unique(info.topics);
    info.topics.erase(twice.begin(), twice.end());
    info.rebalance_timeout_ms =
        join.rebalance_timeout_ms < 0 ? join.session_timeout_ms : join.rebalance_timeout_ms;
    info.classic_session_ms = join.session_timeout_ms;
    info.classic_protocols.clear();
    for (auto const& p : join.protocols) info.classic_protocols.push_back({p.name, p.metadata});
}

ReportedPartitions reported_in(State const& state, ClassicSubscription const& subscription) {
    ReportedPartitions out{std::in_place};
    for (auto const& [name, partitions] : subscription.owned)
        if (auto const* topic = state.topic(name))
            for (auto const number : partitions) out->insert({topic->id, number});
    return out;
}

/// Whether something that the member waits for is still another's.
bool waits_for_others(ConsumerGroup const& group, ConsumerMember const& member) {
    return std::ranges::any_of(member.target, [&](auto const& at) {
        auto const owner = group.owners.find(at);
        return owner != group.owners.end() && owner->second != member.info.member_id;
    });
}

bool must_rejoin(ConsumerGroup const& group, ConsumerMember const& member) {
    return member.epoch < group.group_epoch || member.state == MemberState::unrevoked ||
           (member.state == MemberState::unreleased && !waits_for_others(group, member));
}

void refuse_join(Step& step, Request const& request, ErrorCode error, std::string member_id) {
    kafka::JoinGroupResponse out;
    out.error_code = error;
    out.member_id = std::move(member_id);
    if (request.header.api_version >= protocol_name_may_be_null) out.protocol_name.reset();
    answer(step, request.id, std::move(out));
}

}  // namespace

// ---- JoinGroup --------------------------------------------------------------------------------

GroupRefusal ConsumerGroups::find_classic(Step& step, Request const& request,
                                          kafka::JoinGroupRequest const& join, Draft& draft) const {
    auto const& group = draft.known();
    auto& id = draft.member.info.member_id;
    id = join.member_id;
    bool const nameless = id.empty();
    if (nameless) id = new_member_id(step, request, join);
    auto const places = std::size_t(step.options().group_consumer_max_size);
    auto const* known =
        join.group_instance_id ? group.static_member(*join.group_instance_id) : group.member(id);
    if (known == nullptr && group.members.size() >= places)
        return {ErrorCode::group_max_size_reached, ""};
    if (!supports(group, known == nullptr ? id : known->info.member_id, join))
        return {ErrorCode::inconsistent_group_protocol, ""};
    if (nameless && !join.group_instance_id && request.header.api_version >= join_with_known_id)
        return {ErrorCode::member_id_required, ""};
    if (known == nullptr)
        return {
            join.group_instance_id && !nameless ? ErrorCode::unknown_member_id : ErrorCode::none,
            ""};
    if (nameless) {
        take_place(draft, *known);
        return {};
    }
    if (known->info.member_id != id) return {ErrorCode::fenced_instance_id, ""};
    draft.before = known;
    draft.member = *known;
    return {};
}

void ConsumerGroups::join(Step& step, Request const& request, kafka::JoinGroupRequest const& join) {
    auto draft = this->draft(step, join.group_id);
    auto const refused = find_classic(step, request, join, draft);
    auto const id = draft.member.info.member_id;
    if (refused) return refuse_join(step, request, refused.code, id);
    auto const subscription = read_subscription(join.protocols.front().metadata);
    if (!subscription)
        return refuse_join(step, request, ErrorCode::inconsistent_group_protocol, id);
    auto const old_bytes = draft.before == nullptr ? 0 : bytes_of(draft.before->info);
    bool const was_modern = draft.before != nullptr && !draft.before->info.classic();
    update(draft.member.info, request, join, *subscription);
    if (draft.known().info_bytes - old_bytes + bytes_of(draft.member.info) >
        group_metadata_bytes_max)
        return refuse_join(step, request, ErrorCode::group_max_size_reached, id);

    auto& group = watch(join.group_id);
    if (!is_newest(group, id, request))  // sent before the member came back on another connection
        return refuse_join(step, request, ErrorCode::rebalance_in_progress, id);
    ReportedPartitions const reported = reported_in(step.state(), *subscription);
    if (auto const failed = advance(step, group, draft, reported))
        return refuse_join(step, request, failed.code, id);
    if (was_modern) shrunk_.insert(join.group_id);

    auto const& member = draft.member;
    expect(step, group, member, request);
    auto& session = group.members[id];
    session.act_by = step.now().instant + Duration(member.info.rebalance_timeout_ms);
    wake_by(group, *session.act_by);
    kafka::JoinGroupResponse out;
    out.generation_id = member.epoch;
    out.protocol_type = consumer_protocol_type;
    out.protocol_name = member.info.classic_protocols.front().name;
    out.member_id = id;
    answer(step, request.id, std::move(out));
}

// ---- SyncGroup and Heartbeat ------------------------------------------------------------------

void ConsumerGroups::ask_to_rejoin(Step& step, Watch& group, ConsumerMember const& member) {
    auto& session = group.members[member.info.member_id];
    if (session.act_by) return;
    session.act_by = step.now().instant + Duration(member.info.rebalance_timeout_ms);
    wake_by(group, *session.act_by);
}

void ConsumerGroups::sync(Step& step, Request const& request, kafka::SyncGroupRequest const& sync) {
    auto const& known = *step.state().groups.consumer(sync.group_id);
    kafka::SyncGroupResponse out;
    out.error_code = check_classic(known, sync.member_id, sync.group_instance_id);
    if (out.error_code != ErrorCode::none) return answer(step, request.id, std::move(out));
    auto const& member = *known.member(sync.member_id);
    auto const& protocol = member.info.classic_protocols.front();
    auto& group = watch(sync.group_id);
    if (sync.generation_id != member.epoch) {
        out.error_code = ErrorCode::illegal_generation;
    } else if ((sync.protocol_type && *sync.protocol_type != consumer_protocol_type) ||
               (sync.protocol_name && *sync.protocol_name != protocol.name)) {
        out.error_code = ErrorCode::inconsistent_group_protocol;
    } else if (known.group_epoch > member.epoch && member.state != MemberState::unrevoked) {
        ask_to_rejoin(step, group, member);
        out.error_code = ErrorCode::rebalance_in_progress;
    } else {
        expect(step, group, member, request);
        group.members[sync.member_id].act_by.reset();
        auto const subscription = read_subscription(protocol.metadata);
        out.protocol_type = consumer_protocol_type;
        out.protocol_name = protocol.name;
        out.assignment = write_assignment(by_topic(step.state(), member.assigned),
                                          subscription ? subscription->version : 0);
    }
    answer(step, request.id, std::move(out));
}

void ConsumerGroups::heartbeat(Step& step, Request const& request,
                               kafka::HeartbeatRequest const& beat) {
    auto const& known = *step.state().groups.consumer(beat.group_id);
    kafka::HeartbeatResponse out;
    out.error_code = check_classic(known, beat.member_id, beat.group_instance_id);
    if (out.error_code == ErrorCode::none) {
        auto const& member = *known.member(beat.member_id);
        auto& group = watch(beat.group_id);
        if (beat.generation_id != member.epoch) {
            out.error_code = ErrorCode::illegal_generation;
        } else {
            expect(step, group, member, request);
            if (must_rejoin(known, member)) {
                ask_to_rejoin(step, group, member);
                out.error_code = ErrorCode::rebalance_in_progress;
            }
        }
    }
    answer(step, request.id, std::move(out));
}

// ---- LeaveGroup -------------------------------------------------------------------------------

ErrorCode ConsumerGroups::remove_one(Step& step, std::string const& group_id,
                                     std::string const& member_id,
                                     std::optional<std::string> const& instance_id) {
    auto const& known = *step.state().groups.consumer(group_id);
    auto const* member = instance_id ? known.static_member(*instance_id) : known.member(member_id);
    if (member == nullptr) return ErrorCode::unknown_member_id;
    // An administrator removes a static member by its instance id alone.
    if (instance_id && !member_id.empty() && member->info.member_id != member_id)
        return ErrorCode::fenced_instance_id;
    return remove(step, group_id, {member->info.member_id});
}

void ConsumerGroups::leave(Step& step, Request const& request,
                           kafka::LeaveGroupRequest const& leave) {
    constexpr kafka::ApiVersion leave_several = 3;
    kafka::LeaveGroupResponse out;
    if (request.header.api_version < leave_several) {
        out.error_code = remove_one(step, leave.group_id, leave.member_id, std::nullopt);
    } else {
        for (auto const& who : leave.members)
            out.members.push_back(
                {who.member_id, who.group_instance_id,
                 remove_one(step, leave.group_id, who.member_id, who.group_instance_id)});
    }
    answer(step, request.id, std::move(out));
}

}  // namespace klamm::broker
