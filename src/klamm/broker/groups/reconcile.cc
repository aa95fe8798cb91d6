#include "klamm/broker/groups/reconcile.h"

#include "klamm/base/guard.h"

#include <algorithm>
#include <utility>

namespace klamm::broker {
namespace {

/// A member that does not say what it has is taken to have everything that it had.
bool still_has(ReportedPartitions const& reported, OwnedPartitions const& revoking) {
    if (!guard(Guard::owner_gives_up_first)) return false;
    if (!reported) return true;
    return std::ranges::any_of(*reported, [&](auto const& at) { return revoking.contains(at); });
}

void move_to(ConsumerMember& member, std::int32_t epoch, MemberState state) {
    member.previous_epoch = member.epoch;
    member.epoch = epoch;
    member.state = state;
}

void next_step(ConsumerMember& member, Reconciliation const& towards) {
    OwnedPartitions kept, revoking;
    for (auto const& [at, epoch] : member.assigned) {
        bool const stays = std::ranges::binary_search(towards.target, at);
        (stays ? kept : revoking).emplace(at, epoch);
    }
    if (!revoking.empty() && still_has(towards.reported, revoking)) {
        move_to(member, member.epoch, MemberState::unrevoked);
        member.assigned = std::move(kept);
        member.revoking = std::move(revoking);
        return;
    }
    bool waits = false;
    for (auto const& at : towards.target) {
        if (kept.contains(at)) continue;
        if (towards.is_taken(at))
            waits = true;
        else
            kept.emplace(at, towards.assignment_epoch);
    }
    auto const state = waits ? MemberState::unreleased : MemberState::stable;
    bool const stays = member.state == MemberState::unreleased && state == member.state &&
                       member.epoch == towards.assignment_epoch && member.assigned == kept;
    if (stays) return;
    move_to(member, towards.assignment_epoch, state);
    member.assigned = std::move(kept);
    member.revoking.clear();
}

}  // namespace

void reconcile(ConsumerMember& member, Reconciliation const& towards) {
    switch (member.state) {
        case MemberState::stable:
            if (member.epoch != towards.assignment_epoch) next_step(member, towards);
            return;
        case MemberState::unrevoked:
            if (!still_has(towards.reported, member.revoking)) next_step(member, towards);
            return;
        case MemberState::unreleased:
            return next_step(member, towards);
    }
    std::unreachable();
}

}  // namespace klamm::broker
