// broker/groups/consumer_sessions.cc - who is still there, who must do something, and who is
// removed because it did not.
#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

void ConsumerGroups::start(Step& step) {
    for (auto const& [group_id, group] : step.state().groups.all())
        if (group.consumer && !group.consumer->members.empty()) adopt(step, group_id);
}

void ConsumerGroups::adopt(Step& step, std::string const& group_id) {
    auto& group = watch(group_id);
    for (auto const& [id, member] : step.state().groups.consumer(group_id)->members) {
        auto& known = group.members[id];
        known.session_ends = step.now().instant + session_timeout(step, group_id, member);
        wake_by(group, known.session_ends);
        must_act(step, group, member);
    }
    shrunk_.insert(group_id);  // it may have been about to become classic
}

void ConsumerGroups::forget(std::string const& group_id) {
    auto const found = watches_.find(group_id);
    if (found == watches_.end()) return;
    if (found->second.wakes) wakes_.erase({*found->second.wakes, group_id});
    watches_.erase(found);
}

ConsumerGroups::Watch& ConsumerGroups::watch(std::string const& group_id) {
    auto& group = watches_[group_id];
    group.id = group_id;
    return group;
}

Duration ConsumerGroups::session_timeout(Step& step, std::string const& group_id,
                                         ConsumerMember const& member) const {
    return member.info.classic() ? Duration(member.info.classic_session_ms)
                                 : group_session_timeout(step, group_id);
}

/// The member was heard.
void ConsumerGroups::expect(Step& step, Watch& group, ConsumerMember const& member,
                            Request const& request) {
    auto& known = group.members[member.info.member_id];
    known.session_ends = step.now().instant + session_timeout(step, group.id, member);
    known.connection = std::max(known.connection, request.id.connection);
    wake_by(group, known.session_ends);
}

/// A member that is to give something up has as long as its own rebalance timeout.
void ConsumerGroups::must_act(Step& step, Watch& group, ConsumerMember const& member) {
    auto& known = group.members[member.info.member_id];
    known.act_by.reset();
    if (member.state != MemberState::unrevoked) return;
    known.act_by = step.now().instant + Duration(member.info.rebalance_timeout_ms);
    wake_by(group, *known.act_by);
}

/// A client that gave a connection up may still have a request on it, which says what was true
/// before. Connections count up, and each keeps its order.
bool ConsumerGroups::is_newest(Watch const& group, std::string const& member_id,
                               Request const& request) const {
    auto const known = group.members.find(member_id);
    return known == group.members.end() || request.id.connection >= known->second.connection;
}

// ---- time -----------------------------------------------------------------------------------

// As in Groups: woken at the earliest deadline as it was last seen.
void ConsumerGroups::wake_by(Watch& group, Instant when) {
    if (group.wakes && *group.wakes <= when) return;
    if (group.wakes) wakes_.erase({*group.wakes, group.id});
    group.wakes = when;
    wakes_.emplace(when, group.id);
}

void ConsumerGroups::tick(Step& step) {
    std::vector<std::string> due;  // each once, so that one step ends
    while (!wakes_.empty() && wakes_.begin()->first <= step.now().instant) {
        due.push_back(wakes_.begin()->second);
        wakes_.erase(wakes_.begin());
    }
    for (auto const& group_id : due) {
        auto& group = watches_.at(group_id);
        group.wakes.reset();
        wake(step, group);
    }
}

std::optional<Instant> ConsumerGroups::next_tick() const {
    if (wakes_.empty()) return std::nullopt;
    return wakes_.begin()->first;
}

void ConsumerGroups::wake(Step& step, Watch& group) {
    auto const now = step.now().instant;
    std::vector<std::string> late;
    for (auto const& [id, member] : group.members)
        if (member.session_ends <= now || (member.act_by && *member.act_by <= now))
            late.push_back(id);
    auto const group_id = group.id;
    auto const full = !late.empty() && remove(step, group_id, late) != ErrorCode::none;
    auto const found = watches_.find(group_id);
    if (found == watches_.end()) return;
    if (full) return wake_by(found->second, now + full_journal_retry);
    for (auto const& [id, member] : found->second.members) {
        wake_by(found->second, member.session_ends);
        if (member.act_by) wake_by(found->second, *member.act_by);
    }
}

// What they had is free at once; the next heartbeat of anybody gives it out.
ErrorCode ConsumerGroups::remove(Step& step, std::string const& group_id,
                                 std::vector<std::string> const& member_ids) {
    auto change = draft(step, group_id);
    change.entry.left = member_ids;
    ++change.entry.group_epoch;
    if (auto const refused = write(step, change.entry)) return refused.code;
    shrunk_.insert(group_id);
    auto& group = watch(group_id);
    for (auto const& id : member_ids) group.members.erase(id);
    if (group.members.empty()) forget(group_id);
    return ErrorCode::none;
}

}  // namespace klamm::broker
