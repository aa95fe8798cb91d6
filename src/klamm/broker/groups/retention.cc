// broker/groups/retention.cc - offsets that nobody has used for offsets.retention.minutes go.
//
// As in Kafka: an empty group's offsets count from the moment in which it became empty, or from
// their own commit when that came later (an administrator's, or a group's that never had members).
// A stable group of consumers loses the offsets of topics that it does not read any more. A group
// left with nothing is deleted.
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/groups/subscription.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {
namespace {

OffsetsDeleted expired_offsets(std::string const& group_id, StoredGroup const& group, Phase phase,
                               std::int64_t expire_before_ms) {
    OffsetsDeleted entry;
    entry.group_id = group_id;
    Subscriptions const subscriptions{group};
    if (phase != Phase::empty && (phase != Phase::stable || !subscriptions.known())) return entry;
    for (auto const& [topic, partitions] : group.offsets) {
        if (phase == Phase::stable && subscriptions.contains(topic)) continue;
        for (auto const& [partition, at] : partitions) {
            if (group.has_pending(topic, partition)) continue;
            auto const since = phase == Phase::empty ? std::max(group.changed_ms, at.committed_ms)
                                                     : at.committed_ms;
            if (since <= expire_before_ms) entry.partitions.push_back({topic, partition});
        }
    }
    return entry;
}

std::size_t count(StoredGroup const& group) {
    std::size_t total = 0;
    for (auto const& [topic, partitions] : group.offsets) total += partitions.size();
    return total;
}

}  // namespace

// When the journal is full, nothing is deleted now and everything is tried again at the next check.
void Groups::expire_offsets(Step& step) {
    auto const retention =
        std::chrono::milliseconds(step.options().offsets_retention_minutes).count();
    auto const before = step.now().wall_ms - retention;
    std::vector<std::string> ids;
    for (auto const& [group_id, group] : step.state().groups.all()) ids.push_back(group_id);
    for (auto const& group_id : ids) {
        auto const& group = *step.state().groups.find(group_id);
        // A group of the consumer protocol always knows what it reads.
        auto const where = is_consumer(step, group_id) ? Phase::stable : phase(group_id);
        auto const entry = expired_offsets(group_id, group, where, before);
        auto const nothing_left = entry.partitions.size() == count(group) && group.pending.empty();
        if (where == Phase::empty && nothing_left && !live_.contains(group_id)) {
            if (!step.commit(encode_entry(GroupDeleted{group_id}))) return;
        } else if (!entry.partitions.empty()) {
            if (!step.commit(encode_entry(entry))) return;
        }
    }
}

}  // namespace klamm::broker
