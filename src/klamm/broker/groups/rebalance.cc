// broker/groups/rebalance.cc - from one generation to the next, and who is told.
#include "klamm/broker/groups/groups.h"

#include "klamm/base/ensure.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {
/// Of the wait for static members who have not joined, when nobody else is there.
constexpr Duration postponement_min{1'000};
}  // namespace

void Groups::rebalance(Step& step, LiveGroup& group) {
    if (group.phase == Phase::preparing_rebalance)
        complete_if_all_joined(step, group);
    else
        begin_rebalance(step, group);
}

void Groups::begin_rebalance(Step& step, LiveGroup& group) {
    if (group.phase == Phase::completing_rebalance)
        refuse_syncs(step, group, ErrorCode::rebalance_in_progress);
    group.sync_ends.reset();
    group.initial = group.phase == Phase::empty;
    group.grew = false;
    group.phase = Phase::preparing_rebalance;

    Duration const delay = step.options().group_initial_rebalance_delay_ms;
    if (group.initial ? delay == Duration{} : group.has_all_joined()) return complete(step, group);
    auto const patience = group.initial ? delay : group.rebalance_timeout();
    if (group.initial) group.initial_left = std::max(group.rebalance_timeout() - delay, Duration{});
    group.join_ends = step.now().instant + patience;
    wake_by(group, *group.join_ends);
}

void Groups::complete_if_all_joined(Step& step, LiveGroup& group) {
    if (group.phase == Phase::preparing_rebalance && !group.initial && group.has_all_joined())
        complete(step, group);
}

void Groups::complete(Step& step, LiveGroup& group) {
    auto const now = step.now().instant;
    std::vector<std::string> absent;  // static members may come back; their sessions decide
    for (auto const& [member_id, member] : group.members)
        if (!member.joined && !member.instance) absent.push_back(member_id);
    for (auto const& member_id : absent) drop(step, group, member_id, ErrorCode::unknown_member_id);

    if (!group.members.empty() && !group.elect_joined_leader()) {
        group.join_ends = now + std::max(group.rebalance_timeout(), postponement_min);
        return wake_by(group, *group.join_ends);
    }
    group.join_ends.reset();
    group.initial = false;
    ++group.generation;
    if (group.members.empty()) return write_empty(step, group);

    group.protocol = group.select_protocol();
    group.phase = Phase::completing_rebalance;
    group.sync_ends = now + group.rebalance_timeout();
    wake_by(group, *group.sync_ends);
    for (auto& [member_id, member] : group.members) {
        member.owes_sync = true;
        refresh_session(step, group, member);
        if (member.join) answer_join(step, group, member, ErrorCode::none);
        group.set_joined(member, false);
        member.is_new = false;
    }
}

void Groups::write_empty(Step& step, LiveGroup& group) {
    group.phase = Phase::empty;
    group.protocol.reset();
    auto const error = journal_group(step, group.to_entry(step.now().wall_ms));
    group.unwritten = error != ErrorCode::none;
    if (group.unwritten) wake_by(group, step.now().instant + full_journal_retry);
}

void Groups::drop(Step& step, LiveGroup& group, std::string const& member_id, ErrorCode why) {
    auto& member = *group.member(member_id);
    if (member.join) answer_join(step, group, member, why);
    if (member.sync) answer_sync(step, group, member, why);
    group.remove(member_id);
}

void Groups::refuse_syncs(Step& step, LiveGroup& group, ErrorCode why) {
    for (auto& [member_id, member] : group.members)
        if (member.sync) answer_sync(step, group, member, why);
}

// ---- parked requests ----------------------------------------------------------------------

void Groups::park_join(Step& step, Request const& request, LiveGroup& group, LiveMember& member) {
    // The same member on another connection, or asking twice: the newer request counts.
    if (member.join) answer_join(step, group, member, ErrorCode::rebalance_in_progress);
    member.join = Parked{request.id, request.header.api_version};
    group.set_joined(member, true);
    parked_[request.id.connection].emplace(group.id, member.id);
}

void Groups::park_sync(Step& step, Request const& request, LiveGroup& group, LiveMember& member) {
    if (member.sync) answer_sync(step, group, member, ErrorCode::rebalance_in_progress);
    member.sync = Parked{request.id, request.header.api_version};
    parked_[request.id.connection].emplace(group.id, member.id);
}

void Groups::unpark(LiveGroup const& group, LiveMember const& member, Parked const& parked) {
    auto const places = parked_.find(parked.id.connection);
    if (places == parked_.end()) return;
    places->second.erase({group.id, member.id});
    if (places->second.empty()) parked_.erase(places);
}

void Groups::answer_join(Step& step, LiveGroup& group, LiveMember& member, ErrorCode error) {
    ensure(member.join.has_value());
    auto const parked = *member.join;
    member.join.reset();
    unpark(group, member, parked);

    kafka::JoinGroupResponse out;
    out.error_code = error;
    out.member_id = member.id;
    if (error != ErrorCode::none) {
        if (parked.version >= 7) out.protocol_name.reset();
        return answer(step, parked.id, std::move(out));
    }
    out.generation_id = group.generation;
    out.protocol_type = group.protocol_type;
    out.protocol_name = group.protocol;
    out.leader = group.leader.value_or("");
    if (group.is_leader(member.id))
        for (auto const& [member_id, m] : group.members)
            out.members.push_back({member_id, m.instance, m.protocol(*group.protocol)->metadata});
    answer(step, parked.id, std::move(out));
}

void Groups::answer_sync(Step& step, LiveGroup& group, LiveMember& member, ErrorCode error) {
    ensure(member.sync.has_value());
    auto const parked = *member.sync;
    member.sync.reset();
    unpark(group, member, parked);
    refresh_session(step, group, member);

    kafka::SyncGroupResponse out;
    out.error_code = error;
    if (error == ErrorCode::none) {
        out.protocol_type = group.protocol_type;
        out.protocol_name = group.protocol;
        out.assignment = assignment_of(step, group.id, member.id);
    }
    answer(step, parked.id, std::move(out));
}

void Groups::refresh_session(Step& step, LiveGroup& group, LiveMember& member) {
    member.session_ends = step.now().instant + member.session_timeout;
    wake_by(group, member.session_ends);
}

}  // namespace klamm::broker
