#include "klamm/broker/groups/assignor.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::broker {
namespace {

using Index = std::size_t;  ///< of a member

bool reads(AssignableMember const& member, Uuid const& topic) {
    return std::ranges::binary_search(member.topics, topic);
}

bool exists(AssignableGroup const& group, TopicIdPartition const& at) {
    auto const topic = group.topics.find(at.topic_id);
    return topic != group.topics.end() && at.partition >= 0 && at.partition < topic->second;
}

/// Of what a member had before, what it may still have and nobody before it was left.
std::vector<TargetPartitions> still_possible(AssignableGroup const& group) {
    std::vector<TargetPartitions> kept(group.members.size());
    std::set<TopicIdPartition> taken;
    for (Index i = 0; i < group.members.size(); ++i) {
        auto const& member = group.members[i];
        if (member.before == nullptr) continue;
        for (auto const& at : *member.before)
            if (exists(group, at) && reads(member, at.topic_id) && taken.insert(at).second)
                kept[i].push_back(at);
    }
    return kept;
}

/// Those that somebody reads and nobody has, in order.
TargetPartitions free_partitions(AssignableGroup const& group, Targets const& targets,
                                 std::set<Uuid> const& read) {
    TargetPartitions taken;
    for (auto const& target : targets) taken.insert(taken.end(), target.begin(), target.end());
    std::ranges::sort(taken);
    TargetPartitions free;
    for (auto const& topic : read)
        for (std::int32_t n = 0; n < group.topics.at(topic); ++n)
            if (!std::ranges::binary_search(taken, TopicIdPartition{topic, n}))
                free.push_back({topic, n});
    return free;
}

// ---- uniform, all members reading the same ----------------------------------------------------

// The members that are to have one more than the others are those who had most, so that as little
// as possible moves.
Targets assign_alike(AssignableGroup const& group, std::set<Uuid> const& read) {
    auto targets = still_possible(group);
    std::size_t total = 0;
    for (auto const& topic : read) total += std::size_t(group.topics.at(topic));
    auto const least = total / targets.size();
    std::vector<Index> by_share(targets.size());
    for (Index i = 0; i < by_share.size(); ++i) by_share[i] = i;
    std::ranges::stable_sort(by_share, std::greater{}, [&](Index i) { return targets[i].size(); });
    std::vector<std::size_t> quota(targets.size(), least);
    for (std::size_t n = 0; n < total % targets.size(); ++n) ++quota[by_share[n]];

    for (Index i = 0; i < targets.size(); ++i)
        if (targets[i].size() > quota[i]) targets[i].resize(quota[i]);
    auto const free = free_partitions(group, targets, read);
    auto next = free.begin();
    for (Index i = 0; i < targets.size(); ++i)
        for (; targets[i].size() < quota[i]; ++next) targets[i].push_back(*next);
    ensure(next == free.end());
    return targets;
}

// ---- uniform, members reading different topics --------------------------------------------------

/// Moves partitions from those with more to those with fewer, one at a time, as long as the
/// difference is more than one. Each move makes the sum of the squares of all loads smaller, so
/// it comes to an end.
class Balance {
public:
    Balance(AssignableGroup const& group, Targets& targets) : targets_(targets) {
        for (Index i = 0; i < targets.size(); ++i) {
            by_load_.emplace(targets[i].size(), i);
            for (auto const& topic : group.members[i].topics) readers_[topic].push_back(i);
        }
    }

    /// To whoever reads it and has least.
    void give(TopicIdPartition const& at) {
        auto const to = least_loaded(at.topic_id);
        change(to, [&] { targets_[to].push_back(at); });
    }
    bool move_one() {
        for (auto it = by_load_.rbegin(); it != by_load_.rend(); ++it) {
            auto const from = it->second;
            for (Index n = targets_[from].size(); n-- > 0;) {
                auto const at = targets_[from][n];
                auto const to = least_loaded(at.topic_id);
                if (targets_[to].size() + 1 >= targets_[from].size()) {
                    n = skip_topic(from, n);
                    continue;
                }
                change(from,
                       [&] { targets_[from].erase(targets_[from].begin() + std::ptrdiff_t(n)); });
                change(to, [&] { targets_[to].push_back(at); });
                return true;
            }
        }
        return false;
    }

private:
    Index least_loaded(Uuid const& topic) const {
        return *std::ranges::min_element(readers_.at(topic), {},
                                         [this](Index i) { return targets_[i].size(); });
    }
    /// The first of the same topic's partitions that stand together before `n`.
    Index skip_topic(Index from, Index n) const {
        while (n > 0 && targets_[from][n - 1].topic_id == targets_[from][n].topic_id) --n;
        return n;
    }
    void change(Index member, auto&& how) {
        by_load_.erase({targets_[member].size(), member});
        how();
        by_load_.emplace(targets_[member].size(), member);
    }

    Targets& targets_;
    std::set<std::pair<std::size_t, Index>> by_load_;
    std::map<Uuid, std::vector<Index>> readers_;
};

Targets assign_unlike(AssignableGroup const& group, std::set<Uuid> const& read) {
    auto targets = still_possible(group);
    auto const free = free_partitions(group, targets, read);
    Balance balance{group, targets};
    for (auto const& at : free) balance.give(at);
    while (balance.move_one()) {}
    for (auto& target : targets) std::ranges::sort(target);
    return targets;
}

}  // namespace

Targets assign_uniform(AssignableGroup const& group) {
    if (group.members.empty()) return {};
    std::set<Uuid> read;
    for (auto const& member : group.members)
        read.insert(member.topics.begin(), member.topics.end());
    auto const alike = std::ranges::all_of(group.members, [&](auto const& member) {
        return member.topics == group.members.front().topics;
    });
    auto targets = alike ? assign_alike(group, read) : assign_unlike(group, read);
    for (auto& target : targets) std::ranges::sort(target);
    return targets;
}

// ---- range ------------------------------------------------------------------------------------

namespace {

/// The partitions of one topic, over those who read it. Each keeps the lowest numbers that it had,
/// as many as its part; what is free then goes out in order.
void assign_topic(Uuid const& topic, std::int32_t partitions, std::vector<Index> const& readers,
                  std::vector<TargetPartitions> const& before, Targets& targets) {
    auto const least = std::size_t(partitions) / readers.size();
    auto extra = std::size_t(partitions) % readers.size();
    std::vector<std::vector<std::int32_t>> shares(readers.size());
    std::vector<std::size_t> quota(readers.size(), least);
    std::set<std::int32_t> kept;
    for (std::size_t r = 0; r < readers.size(); ++r) {
        for (auto const& at :
             std::ranges::equal_range(before[readers[r]], topic, {}, &TopicIdPartition::topic_id))
            shares[r].push_back(at.partition);
        if (shares[r].size() > least && extra > 0) ++quota[r], --extra;
        if (shares[r].size() > quota[r]) shares[r].resize(quota[r]);
        kept.insert(shares[r].begin(), shares[r].end());
    }
    for (std::size_t r = 0; r < readers.size() && extra > 0; ++r)
        if (quota[r] == least) ++quota[r], --extra;
    std::int32_t next = 0;
    for (std::size_t r = 0; r < readers.size(); ++r) {
        for (; shares[r].size() < quota[r]; ++next)
            if (!kept.contains(next)) shares[r].push_back(next);
        for (auto const number : shares[r]) targets[readers[r]].push_back({topic, number});
    }
}

}  // namespace

Targets assign_range(AssignableGroup const& group) {
    Targets targets(group.members.size());
    auto const before = still_possible(group);
    std::map<Uuid, std::vector<Index>> readers;
    for (Index i = 0; i < group.members.size(); ++i)
        for (auto const& topic : group.members[i].topics) readers[topic].push_back(i);
    for (auto const& [topic, who] : readers)
        assign_topic(topic, group.topics.at(topic), who, before, targets);
    for (auto& target : targets) std::ranges::sort(target);
    return targets;
}

bool is_assignor(std::string_view name) {
    return name == uniform_assignor || name == range_assignor;
}

Targets assign(std::string_view name, AssignableGroup const& group) {
    ensure(is_assignor(name));
    return name == range_assignor ? assign_range(group) : assign_uniform(group);
}

}  // namespace klamm::broker
