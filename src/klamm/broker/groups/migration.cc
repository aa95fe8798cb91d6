// broker/groups/migration.cc - a living group changes its protocol (KIP-848, "Online migration").
//
// Up: the first member of the consumer protocol joins a classic group of consumers. Its members
// stay, with what they have, and are asked to join again. Down: the last member of the consumer
// protocol has gone and classic ones are left; they begin a rebalance. What members have
// goes along both ways, so that nobody stops reading meanwhile, and committed offsets are not
// touched.
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>
#include <expected>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr std::string_view migration_policy = "group.consumer.migration.policy";

GroupRefusal cannot_upgrade(std::string const& group_id, std::string const& why) {
    return {ErrorCode::group_id_not_found,
            "Group " + group_id + " is a classic group and cannot become a consumer group: " + why};
}

bool policy_allows(Step& step, std::string_view direction) {
    auto const& set = step.state().broker_configs;
    auto const policy = set.find(migration_policy);
    return policy == set.end() || policy->second == "bidirectional" || policy->second == direction;
}

/// What the member was given in the journaled generation, as far as the topics are still there.
std::optional<OwnedPartitions> owned_by(State const& state, StoredGroup const* stored,
                                        std::string const& member_id, std::int32_t epoch) {
    OwnedPartitions out;
    if (stored == nullptr) return out;
    auto const member = stored->members.find(member_id);
    if (member == stored->members.end()) return out;
    auto const assigned = read_assignment(member->second.assignment);
    if (!assigned) return std::nullopt;
    for (auto const& [name, partitions] : *assigned)
        for (auto const number : partitions)
            if (auto const* partition = state.partition(name, number))
                out.emplace(TopicIdPartition{partition->topic->id, number}, epoch);
    return out;
}

ConsumerMemberInfo info_of(LiveMember const& member, ClassicSubscription const& subscription) {
    ConsumerMemberInfo info;
    info.member_id = member.id;
    info.instance_id = member.instance;
    info.client_id = member.client_id;
    info.client_host = member.client_host;
    info.topics = subscription.topics;
    std::ranges::sort(info.topics);
    auto const twice = std::ranges::unique(info.topics);
    info.topics.erase(twice.begin(), twice.end());
    info.rebalance_timeout_ms = std::int32_t(member.rebalance_timeout.count());
    info.classic_session_ms = std::int32_t(member.session_timeout.count());
    for (auto const& p : member.protocols) info.classic_protocols.push_back({p.name, p.metadata});
    return info;
}

/// The classic group as one of the other protocol: everybody stable, with what it has as its
/// target.
std::expected<ConsumerGroupChanged, GroupRefusal> upgraded(Step& step, LiveGroup const& group) {
    auto const& state = step.state();
    auto const* stored = state.groups.find(group.id);
    ConsumerGroupChanged entry;
    entry.group_id = group.id;
    entry.group_epoch = entry.assignment_epoch = group.generation;
    entry.changed_ms = step.now().wall_ms;
    std::set<TopicIdPartition> taken;
    for (auto const& [id, member] : group.members) {
        auto const subscription = read_subscription(
            member.protocols.empty() ? Bytes{} : member.protocols.front().metadata);
        auto const owned = owned_by(state, stored, id, group.generation);
        if (!subscription || !owned)
            return std::unexpected(
                cannot_upgrade(group.id, "what its members say of themselves cannot be read."));
        TargetPartitions target;
        for (auto const& [at, epoch] : *owned) {
            target.push_back(at);
            if (!taken.insert(at).second)
                return std::unexpected(
                    cannot_upgrade(group.id, "its assignor gave one partition to two members."));
        }
        entry.members.push_back(info_of(member, *subscription));
        entry.targets.push_back({id, to_shares(target)});
        entry.progress.push_back(
            {id, group.generation, group.generation, MemberState::stable, to_shares(*owned), {}});
    }
    return entry;
}

}  // namespace

GroupRefusal Groups::upgrade(Step& step, std::string const& group_id) {
    auto* group = find(step, group_id);
    if (group == nullptr) return {};
    if (!group->members.empty()) {
        if (!policy_allows(step, "upgrade"))
            return cannot_upgrade(group_id, "group.consumer.migration.policy forbids it.");
        if (group->protocol_type != consumer_protocol_type)
            return cannot_upgrade(group_id, "its members are no consumers.");
    }
    auto entry = upgraded(step, *group);
    if (!entry) return entry.error();
    if (entry->members.empty()) {
        // Nothing to keep but offsets: the join itself makes the group.
        group->promised.clear();
        group->unwritten = false;
        settle(group_id);
        return {};
    }
    auto head = encode_entry(*entry);
    if (head.size() > journal::entry_bytes_max)
        return cannot_upgrade(group_id, "it is too large for one entry.");
    if (!step.commit(std::move(head)))
        return {ErrorCode::coordinator_not_available, "The disk is full; try again."};
    for (auto& [id, member] : group->members) {
        if (member.join) answer_join(step, *group, member, ErrorCode::rebalance_in_progress);
        if (member.sync) answer_sync(step, *group, member, ErrorCode::rebalance_in_progress);
    }
    if (group->wakes) wakes_.erase({*group->wakes, group_id});
    live_.erase(group_id);
    consumers_.adopt(step, group_id);
    return {};
}

void Groups::downgrade_where_due(Step& step) {
    for (auto const& group_id : consumers_.take_shrunk()) {
        auto const* group = step.state().groups.consumer(group_id);
        if (group != nullptr && group->all_classic() && policy_allows(step, "downgrade"))
            downgrade(step, group_id);
    }
}

// The generation goes on from the group's epoch, so that no member's epoch is taken for a
// generation that is yet to come.
void Groups::downgrade(Step& step, std::string const& group_id) {
    auto const& from = *step.state().groups.consumer(group_id);
    LiveGroup group;
    group.id = group_id;
    group.protocol_type = consumer_protocol_type;
    group.generation = from.group_epoch;
    for (auto const& [id, known] : from.members) {
        LiveMember member;
        member.id = id;
        member.instance = known.info.instance_id;
        member.client_id = known.info.client_id;
        member.client_host = known.info.client_host;
        member.session_timeout = Duration(known.info.classic_session_ms);
        member.rebalance_timeout = Duration(known.info.rebalance_timeout_ms);
        for (auto const& p : known.info.classic_protocols)
            member.protocols.push_back({p.name, p.metadata});
        group.add(std::move(member));
    }
    group.phase = Phase::stable;
    group.protocol = group.select_protocol();
    auto entry = group.to_entry(step.now().wall_ms);
    for (auto& member : entry.members) {
        auto const subscription = read_subscription(member.subscription);
        member.assignment =
            write_assignment(by_topic(step.state(), from.member(member.member_id)->assigned),
                             subscription ? subscription->version : std::int16_t(0));
    }
    if (journal_group(step, entry) != ErrorCode::none) return consumers_.shrank(group_id);
    consumers_.forget(group_id);
    auto& now_live = live_.insert_or_assign(group_id, std::move(group)).first->second;
    for (auto& [id, member] : now_live.members) refresh_session(step, now_live, member);
    rebalance(step, now_live);
    settle(group_id);
}

}  // namespace klamm::broker
