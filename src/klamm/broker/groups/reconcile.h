// broker/groups/reconcile.h - one step of a member from what it has to what it is to have.
//
//                   has something that it should not have
//     ┌────────┐ ───────────────────────────────────────────▶ ┌───────────┐
//     │ stable │                                              │ unrevoked │  at its old epoch,
//     until it └────────┘ ◀─────────────── all is there ────────────── └─────┬─────┘  reports that
//     it gave
//        │  ▲                                                       │        everything up
//        │  │ the last one is free       ┌────────────┐             │
//        │  └─────────────────────────── │ unreleased │ ◀───────────┘
//        └─ something is still another's ▶            │  at the new epoch, with what is free
//                                        └────────────┘
//
// A partition goes to its next owner only when its last one is known to have stopped: that is the
// whole of "one owner at a time".
#pragma once

#include "klamm/broker/groups/consumer_state.h"

#include <functional>
#include <optional>
#include <set>

namespace klamm::broker {

/// What a member says that it has; none: it does not say.
using ReportedPartitions = std::optional<std::set<TopicIdPartition>>;

struct Reconciliation {
    TargetPartitions const& target;
    std::int32_t assignment_epoch = 0;
    ReportedPartitions const& reported;
    /// Whether a partition is another member's.
    std::function<bool(TopicIdPartition const&)> is_taken;
};

/// Moves `member` one step on, or leaves it as it is when it cannot move.
void reconcile(ConsumerMember& member, Reconciliation const& towards);

}  // namespace klamm::broker
