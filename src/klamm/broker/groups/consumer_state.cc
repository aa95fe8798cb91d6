#include "klamm/broker/groups/consumer_state.h"

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::broker {
namespace {

/// The share of its topic, at the end when its topic has just begun.
TopicShare& share_of(std::vector<TopicShare>& shares, Uuid const& topic_id) {
    if (shares.empty() || shares.back().topic_id != topic_id)
        shares.emplace_back().topic_id = topic_id;
    return shares.back();
}

TargetPartitions to_target(std::vector<TopicShare> const& shares) {
    TargetPartitions out;
    for (auto const& share : shares)
        for (auto const partition : share.partitions) out.push_back({share.topic_id, partition});
    std::ranges::sort(out);
    auto const twice = std::ranges::unique(out);
    out.erase(twice.begin(), twice.end());
    return out;
}

OwnedPartitions to_owned(std::vector<TopicShare> const& shares) {
    OwnedPartitions out;
    for (auto const& share : shares)
        for (std::size_t i = 0; i < share.partitions.size(); ++i)
            out[{share.topic_id, share.partitions[i]}] =
                i < share.epochs.size() ? share.epochs[i] : 0;
    return out;
}

}  // namespace

std::vector<TopicShare> to_shares(OwnedPartitions const& partitions) {
    std::vector<TopicShare> shares;
    for (auto const& [at, epoch] : partitions) {
        auto& share = share_of(shares, at.topic_id);
        share.partitions.push_back(at.partition);
        share.epochs.push_back(epoch);
    }
    return shares;
}

std::vector<TopicShare> to_shares(TargetPartitions const& partitions) {
    std::vector<TopicShare> shares;
    for (auto const& at : partitions)
        share_of(shares, at.topic_id).partitions.push_back(at.partition);
    return shares;
}

MemberProgress progress_of(ConsumerMember const& member) {
    return {member.info.member_id,      member.epoch,
            member.previous_epoch,      member.state,
            to_shares(member.assigned), to_shares(member.revoking)};
}

std::size_t bytes_of(ConsumerMemberInfo const& info) {
    auto total = info.member_id.size() + info.client_id.size() + info.client_host.size() +
                 info.topic_regex.size() + info.assignor.size();
    if (info.instance_id) total += info.instance_id->size();
    if (info.rack_id) total += info.rack_id->size();
    for (auto const& topic : info.topics) total += topic.size();
    for (auto const& p : info.classic_protocols) total += p.name.size() + p.metadata.size();
    return total;
}

ConsumerMember const* ConsumerGroup::member(std::string const& member_id) const {
    auto const found = members.find(member_id);
    return found == members.end() ? nullptr : &found->second;
}

ConsumerMember const* ConsumerGroup::static_member(std::string const& instance_id) const {
    auto const found = static_members.find(instance_id);
    return found == static_members.end() ? nullptr : member(found->second);
}

std::string_view ConsumerGroup::state() const {
    if (members.empty()) return "Empty";
    if (group_epoch > assignment_epoch) return "Assigning";
    auto const settled = [this](auto const& m) {
        return m.second.state == MemberState::stable && m.second.epoch == assignment_epoch;
    };
    return std::ranges::all_of(members, settled) ? "Stable" : "Reconciling";
}

// ---- the fold -----------------------------------------------------------------------------

std::optional<std::string> ConsumerGroup::check(ConsumerGroupChanged const& entry) const {
    if (entry.group_epoch < group_epoch || entry.assignment_epoch < assignment_epoch ||
        entry.assignment_epoch > entry.group_epoch)
        return "its epochs go back";
    std::set<std::string_view> const left{entry.left.begin(), entry.left.end()};
    std::set<std::string_view> added, moving;
    for (auto const& info : entry.members) added.insert(info.member_id);
    auto const is_member = [&](std::string const& id) {
        return added.contains(id) || (members.contains(id) && !left.contains(id));
    };
    for (auto const& target : entry.targets)
        if (!is_member(target.member_id)) return "it has a target for somebody who is no member";
    for (auto const& progress : entry.progress) {
        if (!is_member(progress.member_id)) return "somebody moves on who is no member";
        if (!moving.insert(progress.member_id).second) return "a member moves on twice";
        if (progress.state > MemberState::unreleased) return "a member's state has no name";
        if (progress.epoch > entry.assignment_epoch) return "a member is ahead of its group";
    }
    // What moves from one member to another in this entry is given up before it is taken.
    std::set<TopicIdPartition> taken;
    auto const is_free = [&](TopicIdPartition const& partition) {
        if (!taken.insert(partition).second) return false;
        auto const owner = owners.find(partition);
        return owner == owners.end() || left.contains(owner->second) ||
               moving.contains(owner->second);
    };
    for (auto const& progress : entry.progress)
        for (auto const* shares : {&progress.assigned, &progress.revoking})
            for (auto const& share : *shares)
                for (auto const partition : share.partitions)
                    if (!is_free({share.topic_id, partition}))
                        return "partition " + std::to_string(partition) + " of topic " +
                               to_string(share.topic_id) + " would have two owners";
    return std::nullopt;
}

std::optional<std::string> ConsumerGroup::apply(ConsumerGroupChanged const& entry) {
    if (auto refused = check(entry)) return refused;
    group_epoch = entry.group_epoch;
    assignment_epoch = entry.assignment_epoch;
    metadata_hash = entry.metadata_hash;
    for (auto const& member_id : entry.left) remove(member_id);
    for (auto const& info : entry.members) put(info);
    for (auto const& target : entry.targets)
        members.find(target.member_id)->second.target = to_target(target.share);
    for (auto const& progress : entry.progress) {
        auto const& moved = members.find(progress.member_id)->second;
        for (auto const* owned : {&moved.assigned, &moved.revoking})
            for (auto const& [partition, epoch] : *owned) owners.erase(partition);
    }
    for (auto const& progress : entry.progress) move(progress);
    return std::nullopt;
}

void ConsumerGroup::remove(std::string const& member_id) {
    auto const found = members.find(member_id);
    if (found == members.end()) return;
    auto& gone = found->second;
    for (auto const* owned : {&gone.assigned, &gone.revoking})
        for (auto const& [partition, epoch] : *owned) owners.erase(partition);
    info_bytes -= bytes_of(gone.info);
    if (gone.info.classic()) --classic_members;
    if (gone.info.instance_id) static_members.erase(*gone.info.instance_id);
    members.erase(found);
}

void ConsumerGroup::put(ConsumerMemberInfo const& info) {
    auto& changed = members[info.member_id];
    info_bytes -= bytes_of(changed.info);
    if (changed.info.classic()) --classic_members;
    if (changed.info.instance_id) static_members.erase(*changed.info.instance_id);
    changed.info = info;
    info_bytes += bytes_of(info);
    if (info.classic()) ++classic_members;
    if (info.instance_id) static_members[*info.instance_id] = info.member_id;
}

void ConsumerGroup::move(MemberProgress const& progress) {
    auto& moved = members.find(progress.member_id)->second;
    moved.epoch = progress.epoch;
    moved.previous_epoch = progress.previous_epoch;
    moved.state = progress.state;
    moved.assigned = to_owned(progress.assigned);
    moved.revoking = to_owned(progress.revoking);
    for (auto const* owned : {&moved.assigned, &moved.revoking})
        for (auto const& [partition, epoch] : *owned) owners[partition] = progress.member_id;
}

ConsumerGroupChanged ConsumerGroup::to_entry(std::string group_id, std::int64_t changed_ms) const {
    ConsumerGroupChanged entry;
    entry.group_id = std::move(group_id);
    entry.group_epoch = group_epoch;
    entry.assignment_epoch = assignment_epoch;
    entry.metadata_hash = metadata_hash;
    entry.changed_ms = changed_ms;
    for (auto const& [member_id, m] : members) {
        entry.members.push_back(m.info);
        if (!m.target.empty()) entry.targets.push_back({member_id, to_shares(m.target)});
        entry.progress.push_back(progress_of(m));
    }
    return entry;
}

// ---- the invariants -------------------------------------------------------------------------

std::optional<std::string> ConsumerGroup::violated() const {
    std::map<TopicIdPartition, std::string> owned, targeted;
    std::size_t bytes = 0, classic = 0;
    std::map<std::string, std::string> instances;
    for (auto const& [member_id, m] : members) {
        if (m.epoch > group_epoch || m.epoch > assignment_epoch)
            return member_id + " is ahead of its group";
        if (m.state == MemberState::stable && !m.revoking.empty())
            return member_id + " is stable and has partitions to revoke";
        for (auto const* part : {&m.assigned, &m.revoking})
            for (auto const& [partition, epoch] : *part)
                if (!owned.emplace(partition, member_id).second)
                    return member_id + " and " + owned[partition] + " own the same partition";
        for (auto const& partition : m.target)
            if (!targeted.emplace(partition, member_id).second)
                return member_id + " and " + targeted[partition] + " are to get one partition";
        bytes += bytes_of(m.info);
        classic += std::size_t(m.info.classic() ? 1 : 0);
        if (m.info.instance_id) instances[*m.info.instance_id] = member_id;
    }
    if (owned != owners) return "the index of owners differs from what members own";
    if (instances != static_members) return "the index of static members differs from them";
    if (bytes != info_bytes || classic != classic_members) return "the counts are wrong";
    return std::nullopt;
}

}  // namespace klamm::broker
