// broker/groups/join.cc - JoinGroup: who becomes a member, and when that begins a rebalance.
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

/// From this version on a static leader that comes back can be told to keep the assignment.
constexpr kafka::ApiVersion join_may_skip_assignment = 9;

void refuse_join(Step& step, Request const& request, ErrorCode error, std::string member_id) {
    kafka::JoinGroupResponse out;
    out.error_code = error;
    out.member_id = std::move(member_id);
    if (request.header.api_version >= 7) out.protocol_name.reset();
    answer(step, request.id, std::move(out));
}

std::vector<Protocol> protocols_of(kafka::JoinGroupRequest const& join) {
    std::vector<Protocol> out;
    for (auto const& p : join.protocols)
        if (std::ranges::find(out, p.name, &Protocol::name) == out.end())
            out.push_back({p.name, p.metadata});
    return out;
}

std::size_t bytes_of(kafka::JoinGroupRequest const& join) {
    std::size_t total = 0;
    for (auto const& p : join.protocols) total += p.name.size() + p.metadata.size();
    return total;
}

Duration rebalance_timeout_of(kafka::JoinGroupRequest const& join) {
    return Duration(join.rebalance_timeout_ms < 0 ? join.session_timeout_ms
                                                  : join.rebalance_timeout_ms);
}

/// Whether there is room. Members who have joined already stay; while a rebalance is under way the
/// places go to those who join first.
bool has_room(Options const& options, LiveGroup& group, kafka::JoinGroupRequest const& join) {
    auto const* known = group.member(join.member_id);
    auto const old_bytes = known != nullptr ? known->bytes() : 0;
    if (group.metadata_bytes - old_bytes + bytes_of(join) > group_metadata_bytes_max) return false;
    auto const places = std::size_t(options.group_max_size);
    if (join.member_id.empty() && group.promised.size() >= places) return false;
    switch (group.phase) {
        case Phase::empty:
            return true;
        case Phase::preparing_rebalance:
            return (known != nullptr && known->joined) || group.joined < places;
        case Phase::completing_rebalance:
        case Phase::stable:
            return known != nullptr || group.members.size() < places;
    }
    std::unreachable();
}

}  // namespace

std::string new_member_id(Step& step, Request const& request, kafka::JoinGroupRequest const& join) {
    auto const& prefix =
        join.group_instance_id ? *join.group_instance_id : request.header.client_id.value_or("");
    return prefix + "-" + to_hyphenated(Uuid::random(step.random()));
}

void Groups::join(Step& step, Request const& request, kafka::JoinGroupRequest const& join) {
    auto const& options = step.options();
    auto const session = Duration(join.session_timeout_ms);
    if (join.group_id.empty())
        return refuse_join(step, request, ErrorCode::invalid_group_id, join.member_id);
    if (session < options.group_min_session_timeout_ms ||
        session > options.group_max_session_timeout_ms)
        return refuse_join(step, request, ErrorCode::invalid_session_timeout, join.member_id);
    if (is_consumer(step, join.group_id)) {
        consumers_.join(step, request, join);
        return downgrade_where_due(step);
    }

    auto* group = find(step, join.group_id);
    if (group == nullptr) {
        if (!join.member_id.empty())
            return refuse_join(step, request, ErrorCode::unknown_member_id, join.member_id);
        if (!may_create(step)) return refuse_join(step, request, ErrorCode::policy_violation, "");
        group = &live_[join.group_id];
        group->id = join.group_id;
    }
    if (!has_room(options, *group, join)) {
        refuse_join(step, request, ErrorCode::group_max_size_reached, "");
        group->promised.erase(join.member_id);
        if (group->member(join.member_id) != nullptr) {
            drop(step, *group, join.member_id, ErrorCode::group_max_size_reached);
            rebalance(step, *group);
        }
    } else if (!group->supports(join.protocol_type, protocols_of(join))) {
        refuse_join(step, request, ErrorCode::inconsistent_group_protocol, join.member_id);
    } else if (join.member_id.empty()) {
        join_new(step, request, join, *group);
    } else {
        join_again(step, request, join, *group);
    }
    settle(join.group_id);
}

void Groups::join_new(Step& step, Request const& request, kafka::JoinGroupRequest const& join,
                      LiveGroup& group) {
    if (join.group_instance_id) {
        auto const owner = group.static_ids.find(*join.group_instance_id);
        if (owner != group.static_ids.end()) {
            auto const old_id = owner->second;
            return join_in_place_of(step, request, join, group, old_id);
        }
    } else if (request.header.api_version >= join_with_known_id) {
        return promise_id(step, request, join, group);
    }
    add_member(step, request, join, group, new_member_id(step, request, join));
}

void Groups::promise_id(Step& step, Request const& request, kafka::JoinGroupRequest const& join,
                        LiveGroup& group) {
    auto id = new_member_id(step, request, join);
    auto const until = step.now().instant + Duration(join.session_timeout_ms);
    group.promised.emplace(id, until);
    wake_by(group, until);
    refuse_join(step, request, ErrorCode::member_id_required, std::move(id));
}

void Groups::join_again(Step& step, Request const& request, kafka::JoinGroupRequest const& join,
                        LiveGroup& group) {
    auto const& id = join.member_id;
    if (group.promised.contains(id) && !join.group_instance_id)
        return add_member(step, request, join, group, id);
    auto const error = check_member(group, id, join.group_instance_id);
    if (error != ErrorCode::none) return refuse_join(step, request, error, id);

    auto& member = *group.member(id);
    auto const same = member.protocols == protocols_of(join);
    // A follower who repeats itself is told what it missed. A leader who joins a stable group
    // again wants the partitions to be assigned anew.
    if ((group.phase == Phase::completing_rebalance && same) ||
        (group.phase == Phase::stable && same && !group.is_leader(id))) {
        park_join(step, request, group, member);
        group.set_joined(member, false);
        return answer_join(step, group, member, ErrorCode::none);
    }
    update_member(step, request, join, group, member);
    rebalance(step, group);
}

void Groups::add_member(Step& step, Request const& request, kafka::JoinGroupRequest const& join,
                        LiveGroup& group, std::string id) {
    LiveMember member;
    member.id = std::move(id);
    member.instance = join.group_instance_id;
    member.client_id = request.header.client_id.value_or("");
    member.client_host = request.peer;
    member.session_timeout = Duration(join.session_timeout_ms);
    member.rebalance_timeout = rebalance_timeout_of(join);
    member.protocols = protocols_of(join);
    member.is_new = true;
    if (group.members.empty()) group.protocol_type = join.protocol_type;
    if (group.phase == Phase::preparing_rebalance && group.initial) group.grew = true;

    auto& added = group.add(std::move(member));
    park_join(step, request, group, added);
    added.session_ends = step.now().instant + new_member_join_timeout;
    wake_by(group, added.session_ends);
    rebalance(step, group);
}

void Groups::update_member(Step& step, Request const& request, kafka::JoinGroupRequest const& join,
                           LiveGroup& group, LiveMember& member) {
    if (member.sync) answer_sync(step, group, member, ErrorCode::rebalance_in_progress);
    group.set_protocols(member, protocols_of(join));
    member.session_timeout = Duration(join.session_timeout_ms);
    member.rebalance_timeout = rebalance_timeout_of(join);
    park_join(step, request, group, member);
}

// A static member came back under a new id: its client was restarted. In a stable group it takes
// over what the old one had, without a rebalance, as long as the protocol stays.
void Groups::join_in_place_of(Step& step, Request const& request,
                              kafka::JoinGroupRequest const& join, LiveGroup& group,
                              std::string const& old_id) {
    auto const was_leader = group.is_leader(old_id);
    auto const id = new_member_id(step, request, join);
    auto const before = group;  // to go back to, when the journal is full
    auto& old = *group.member(old_id);
    if (old.join) answer_join(step, group, old, ErrorCode::fenced_instance_id);
    if (old.sync) answer_sync(step, group, old, ErrorCode::fenced_instance_id);
    auto member = old;
    group.remove(old_id);
    member.id = id;
    member.client_id = request.header.client_id.value_or("");
    member.client_host = request.peer;
    auto& added = group.add(std::move(member));
    if (was_leader) group.leader = id;
    update_member(step, request, join, group, added);
    if (group.phase != Phase::stable || group.select_protocol() != group.protocol)
        return rebalance(step, group);

    auto entry = group.to_entry(step.now().wall_ms);
    auto const& stored = step.state().groups.find(group.id)->members;
    for (auto& m : entry.members) {
        auto const at = stored.find(m.member_id == id ? old_id : m.member_id);
        if (at != stored.end()) m.assignment = at->second.assignment;
    }
    auto const error = journal_group(step, entry);
    if (error != ErrorCode::none) {
        answer_join(step, group, added, error);
        auto const wakes = group.wakes;
        group = before;
        group.wakes = wakes;
        return;
    }
    group.set_joined(added, false);
    unpark(group, added, *added.join);
    added.join.reset();
    refresh_session(step, group, added);

    kafka::JoinGroupResponse out;
    out.member_id = id;
    out.generation_id = group.generation;
    out.protocol_type = group.protocol_type;
    out.protocol_name = group.protocol;
    out.leader = was_leader ? old_id : group.leader.value_or("");
    if (was_leader && request.header.api_version >= join_may_skip_assignment) {
        out.leader = id;
        out.skip_assignment = true;
        for (auto const& m : entry.members)
            out.members.push_back({m.member_id, m.group_instance_id, m.subscription});
    }
    answer(step, request.id, std::move(out));
}

}  // namespace klamm::broker
