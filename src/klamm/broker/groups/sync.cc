// broker/groups/sync.cc - SyncGroup, Heartbeat and LeaveGroup: the life of those who are members.
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <map>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

void refuse_sync(Step& step, Request const& request, ErrorCode error) {
    kafka::SyncGroupResponse out;
    out.error_code = error;
    answer(step, request.id, std::move(out));
}

bool differs(std::optional<std::string> const& told, std::string_view known) {
    return told && *told != known;
}

ErrorCode check_sync(LiveGroup const& group, kafka::SyncGroupRequest const& sync) {
    auto const error = check_member(group, sync.member_id, sync.group_instance_id);
    if (error != ErrorCode::none) return error;
    if (sync.generation_id != group.generation) return ErrorCode::illegal_generation;
    if (differs(sync.protocol_type, group.protocol_type) ||
        differs(sync.protocol_name, group.protocol.value_or("")))
        return ErrorCode::inconsistent_group_protocol;
    if (group.phase == Phase::preparing_rebalance) return ErrorCode::rebalance_in_progress;
    return ErrorCode::none;
}

}  // namespace

Bytes assignment_of(Step& step, std::string const& group_id, std::string const& member_id) {
    auto const* stored = step.state().groups.find(group_id);
    if (stored == nullptr) return {};
    auto const member = stored->members.find(member_id);
    return member == stored->members.end() ? Bytes{} : member->second.assignment;
}

void Groups::sync(Step& step, Request const& request, kafka::SyncGroupRequest const& sync) {
    if (sync.group_id.empty()) return refuse_sync(step, request, ErrorCode::invalid_group_id);
    if (is_consumer(step, sync.group_id)) return consumers_.sync(step, request, sync);
    auto* group = find_live(sync.group_id);
    if (group == nullptr) return refuse_sync(step, request, ErrorCode::unknown_member_id);
    auto const error = check_sync(*group, sync);
    if (error != ErrorCode::none) return refuse_sync(step, request, error);

    auto& member = *group->member(sync.member_id);
    park_sync(step, request, *group, member);
    member.owes_sync = false;
    if (group->phase == Phase::stable)
        answer_sync(step, *group, member, ErrorCode::none);
    else if (group->is_leader(sync.member_id))
        assign(step, *group, sync);
    settle(sync.group_id);
}

void Groups::assign(Step& step, LiveGroup& group, kafka::SyncGroupRequest const& sync) {
    std::map<std::string_view, Bytes const*> assignments;
    for (auto const& a : sync.assignments) assignments[a.member_id] = &a.assignment;
    auto entry = group.to_entry(step.now().wall_ms);
    for (auto& member : entry.members) {
        auto const found = assignments.find(member.member_id);
        if (found != assignments.end()) member.assignment = *found->second;
    }
    auto const error = journal_group(step, entry);
    if (error != ErrorCode::none) {
        refuse_syncs(step, group, error);
        return rebalance(step, group);
    }
    group.phase = Phase::stable;
    for (auto& [member_id, member] : group.members)
        if (member.sync) answer_sync(step, group, member, ErrorCode::none);
}

void Groups::heartbeat(Step& step, Request const& request,
                       kafka::HeartbeatRequest const& heartbeat) {
    if (is_consumer(step, heartbeat.group_id)) {
        consumers_.heartbeat(step, request, heartbeat);
        return downgrade_where_due(step);
    }
    auto const check = [&](LiveGroup* group) {
        if (heartbeat.group_id.empty()) return ErrorCode::invalid_group_id;
        if (group == nullptr) return ErrorCode::unknown_member_id;
        auto const error = check_member(*group, heartbeat.member_id, heartbeat.group_instance_id);
        if (error != ErrorCode::none) return error;
        if (heartbeat.generation_id != group->generation) return ErrorCode::illegal_generation;
        refresh_session(step, *group, *group->member(heartbeat.member_id));
        return group->phase == Phase::preparing_rebalance ? ErrorCode::rebalance_in_progress
                                                          : ErrorCode::none;
    };
    kafka::HeartbeatResponse out;
    out.error_code = check(find_live(heartbeat.group_id));
    answer(step, request.id, out, After::nothing);
}

namespace {

using LeaveResponse = kafka::LeaveGroupResponse;

/// Before version 3 a request names one member, outside the list.
std::vector<kafka::LeaveGroupRequest::MemberIdentity> leaving(
    Request const& request, kafka::LeaveGroupRequest const& leave) {
    if (request.header.api_version >= 3) return leave.members;
    kafka::LeaveGroupRequest::MemberIdentity one;
    one.member_id = leave.member_id;
    return {one};
}

void answer_leave(Step& step, Request const& request, LeaveResponse out) {
    if (request.header.api_version < 3) {
        if (out.error_code == ErrorCode::none) out.error_code = out.members.front().error_code;
        out.members.clear();
    }
    answer(step, request.id, std::move(out));
}

}  // namespace

void Groups::leave(Step& step, Request const& request, kafka::LeaveGroupRequest const& leave) {
    if (is_consumer(step, leave.group_id)) {
        consumers_.leave(step, request, leave);
        return downgrade_where_due(step);
    }
    LeaveResponse out;
    auto* group = find_live(leave.group_id);
    if (leave.group_id.empty() || group == nullptr) {
        out.error_code =
            leave.group_id.empty() ? ErrorCode::invalid_group_id : ErrorCode::unknown_member_id;
        return answer_leave(step, request, std::move(out));
    }
    auto left = false;
    for (auto const& who : leaving(request, leave)) {
        auto id = who.member_id;
        // An administrator removes a static member by its instance id alone.
        if (id.empty() && who.group_instance_id) {
            auto const owner = group->static_ids.find(*who.group_instance_id);
            if (owner != group->static_ids.end()) id = owner->second;
        }
        auto error = ErrorCode::none;
        if (group->promised.erase(id) == 0) {
            error = check_member(*group, id, who.group_instance_id);
            if (error == ErrorCode::none) drop(step, *group, id, ErrorCode::unknown_member_id);
        }
        left = left || error == ErrorCode::none;
        out.members.push_back({who.member_id, who.group_instance_id, error});
    }
    if (left && group->phase != Phase::empty) rebalance(step, *group);
    settle(leave.group_id);
    answer_leave(step, request, std::move(out));
}

}  // namespace klamm::broker
