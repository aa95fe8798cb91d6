#include "klamm/broker/groups/groups.h"

#include "klamm/broker/entries.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

void Groups::start(Step& step) {
    auto const now = step.now().instant;
    for (auto const& [group_id, stored] : step.state().groups.all()) {
        if (stored.members.empty()) continue;
        auto& group = live_.emplace(group_id, revive(group_id, stored, now)).first->second;
        for (auto const& [member_id, member] : group.members) wake_by(group, member.session_ends);
    }
    expire_at_ = now + offsets_retention_check_interval;
    consumers_.start(step);
    downgrade_where_due(step);
}

LiveGroup* Groups::find_live(std::string const& group_id) {
    auto const found = live_.find(group_id);
    return found == live_.end() ? nullptr : &found->second;
}

LiveGroup* Groups::find(Step& step, std::string const& group_id) {
    if (auto* live = find_live(group_id)) return live;
    auto const* stored = step.state().groups.find(group_id);
    if (stored == nullptr) return nullptr;
    auto revived = revive(group_id, *stored, step.now().instant);
    return &live_.emplace(group_id, std::move(revived)).first->second;
}

Phase Groups::phase(std::string const& group_id) const {
    auto const found = live_.find(group_id);
    return found == live_.end() ? Phase::empty : found->second.phase;
}

bool Groups::is_consumer(Step& step, std::string const& group_id) const {
    auto const* group = step.state().groups.consumer(group_id);
    return group != nullptr && !group->members.empty();
}

bool Groups::has_members(Step& step, std::string const& group_id) const {
    return is_consumer(step, group_id) || phase(group_id) != Phase::empty;
}

void Groups::consumer_heartbeat(Step& step, Request const& request,
                                kafka::ConsumerGroupHeartbeatRequest const& beat) {
    auto const joins =
        beat.member_epoch == joining_epoch && !check_heartbeat(beat, request.header.api_version);
    GroupRefusal refused;
    if (joins && !is_consumer(step, beat.group_id)) {
        refused = upgrade(step, beat.group_id);
        if (!refused && step.state().groups.find(beat.group_id) == nullptr && !may_create(step))
            refused = {ErrorCode::policy_violation, "There are too many groups."};
    }
    if (refused) {
        kafka::ConsumerGroupHeartbeatResponse out;
        out.member_id.reset();
        out.assignment.reset();
        out.error_code = refused.code;
        out.error_message = refused.message;
        return answer(step, request.id, std::move(out));
    }
    consumers_.heartbeat(step, request, beat);
    downgrade_where_due(step);
}

bool Groups::may_create(Step& step) const {
    return std::max(step.state().groups.all().size(), live_.size()) < groups_max;
}

void Groups::settle(std::string const& group_id) {
    auto const found = live_.find(group_id);
    if (found == live_.end()) return;
    auto const& group = found->second;
    if (group.phase != Phase::empty || !group.promised.empty() || group.unwritten) return;
    if (group.wakes) wakes_.erase({*group.wakes, group_id});
    live_.erase(found);
}

// ---- time -------------------------------------------------------------------------------

// A group is woken at the earliest of its deadlines as it was last seen. Deadlines that only
// move into the future, as each heartbeat does, cost nothing until then.
void Groups::wake_by(LiveGroup& group, Instant when) {
    if (group.wakes && *group.wakes <= when) return;
    if (group.wakes) wakes_.erase({*group.wakes, group.id});
    group.wakes = when;
    wakes_.emplace(when, group.id);
}

void Groups::tick(Step& step) {
    auto const now = step.now().instant;
    consumers_.tick(step);
    downgrade_where_due(step);
    std::vector<std::string> due;  // each once, so that one step ends
    while (!wakes_.empty() && wakes_.begin()->first <= now) {
        due.push_back(wakes_.begin()->second);
        wakes_.erase(wakes_.begin());
    }
    for (auto const& group_id : due) {
        auto* group = find_live(group_id);
        group->wakes.reset();
        wake(step, *group);
        settle(group_id);
    }
    if (expire_at_ && *expire_at_ <= now) {
        expire_at_ = now + offsets_retention_check_interval;
        expire_offsets(step);
    }
}

std::optional<Instant> Groups::next_tick() const {
    auto next = expire_at_;
    auto const earlier = [&next](std::optional<Instant> when) {
        if (when && (!next || *when < *next)) next = when;
    };
    if (!wakes_.empty()) earlier(wakes_.begin()->first);
    earlier(consumers_.next_tick());
    return next;
}

namespace {

/// A member whose request is parked cannot send heartbeats, and need not. A new one that waits too
/// long for its first join is dropped all the same: its client has surely gone.
bool session_runs(LiveMember const& member) {
    return member.is_new || (!member.joined && !member.sync);
}

}  // namespace

void Groups::wake(Step& step, LiveGroup& group) {
    expire_promises(step, group);
    expire_sessions(step, group);
    expire_rebalance(step, group);
    if (group.unwritten) write_empty(step, group);

    for (auto const& [member_id, until] : group.promised) wake_by(group, until);
    for (auto const& [member_id, member] : group.members)
        if (session_runs(member)) wake_by(group, member.session_ends);
    if (group.join_ends) wake_by(group, *group.join_ends);
    if (group.sync_ends) wake_by(group, *group.sync_ends);
}

void Groups::expire_promises(Step& step, LiveGroup& group) {
    auto const now = step.now().instant;
    auto const expired = [now](auto const& promise) { return promise.second <= now; };
    if (std::erase_if(group.promised, expired) > 0) complete_if_all_joined(step, group);
}

void Groups::expire_sessions(Step& step, LiveGroup& group) {
    auto const now = step.now().instant;
    std::vector<std::string> expired;
    for (auto const& [member_id, member] : group.members)
        if (session_runs(member) && member.session_ends <= now) expired.push_back(member_id);
    for (auto const& member_id : expired)
        drop(step, group, member_id, ErrorCode::unknown_member_id);
    if (!expired.empty()) rebalance(step, group);
}

void Groups::expire_rebalance(Step& step, LiveGroup& group) {
    auto const now = step.now().instant;
    if (group.join_ends && *group.join_ends <= now) {
        auto const delay = step.options().group_initial_rebalance_delay_ms;
        if (group.initial && group.grew && group.initial_left > Duration{}) {
            group.grew = false;
            group.join_ends = now + std::min<Duration>(delay, group.initial_left);
            group.initial_left = std::max<Duration>(group.initial_left - delay, Duration{});
        } else {
            complete(step, group);
        }
    }
    if (group.sync_ends && *group.sync_ends <= now) {
        group.sync_ends.reset();
        std::vector<std::string> silent;
        for (auto const& [member_id, member] : group.members)
            if (member.owes_sync) silent.push_back(member_id);
        for (auto const& member_id : silent)
            drop(step, group, member_id, ErrorCode::unknown_member_id);
        if (!silent.empty()) rebalance(step, group);
    }
}

void Groups::disconnected(Step& step, ConnectionId connection) {
    auto const gone = parked_.find(connection);
    if (gone == parked_.end()) return;
    auto const places = std::move(gone->second);
    parked_.erase(gone);
    std::vector<std::pair<std::string, std::string>> nameless;
    for (auto const& [group_id, member_id] : places) {
        auto& group = *find_live(group_id);
        auto& member = *group.member(member_id);
        auto const told_later = member.is_new && member.join && !member.instance &&
                                member.join->version < join_with_known_id;
        if (told_later) nameless.emplace_back(group_id, member_id);
        if (member.sync) refresh_session(step, group, member);
        member.join.reset();
        member.sync.reset();
    }
    for (auto const& [group_id, member_id] : nameless) {
        auto* group = find_live(group_id);
        if (group == nullptr || group->member(member_id) == nullptr) continue;
        drop(step, *group, member_id, ErrorCode::unknown_member_id);
        rebalance(step, *group);
        settle(group_id);
    }
}

// ---- checks that several requests share ---------------------------------------------------

ErrorCode check_member(LiveGroup const& group, std::string const& member_id,
                       std::optional<std::string> const& instance) {
    if (instance) {
        auto const owner = group.static_ids.find(*instance);
        if (owner == group.static_ids.end()) return ErrorCode::unknown_member_id;
        if (owner->second != member_id) return ErrorCode::fenced_instance_id;
    }
    return group.members.contains(member_id) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

ErrorCode journal_group(Step& step, GroupChanged const& entry) {
    auto head = encode_entry(entry);
    if (head.size() > journal::entry_bytes_max) return ErrorCode::unknown_server_error;
    return step.commit(std::move(head)) ? ErrorCode::none : ErrorCode::coordinator_not_available;
}

}  // namespace klamm::broker
