// broker/groups/consumer_draft.cc - one member comes or changes, and what follows: epochs, targets,
// its own next step. All of it is one entry.
#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>
#include <array>
#include <span>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

/// FNV-1a: what matters is that the same topics give the same number in every run.
class Hash {
public:
    void add(std::span<std::byte const> bytes) {
        for (auto const byte : bytes)
            value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
    void add(std::int32_t number) {
        std::array<std::byte, 4> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = std::byte(std::uint32_t(number) >> (8 * i));
        add(bytes);
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
};

/// Of the topics that the group reads. 0 stands for none.
std::uint64_t hash_of(std::map<Uuid, std::int32_t> const& topics) {
    if (topics.empty()) return 0;
    Hash hash;
    for (auto const& [id, partitions] : topics) {
        hash.add(id.bytes);
        hash.add(partitions);
    }
    return hash.value();
}

}  // namespace

std::string assignor_of(ConsumerGroup const& group, ConsumerMember const* changed) {
    std::map<std::string, std::size_t> votes;
    auto const vote = [&](ConsumerMember const& member) {
        if (!member.info.assignor.empty()) ++votes[member.info.assignor];
    };
    for (auto const& [id, member] : group.members)
        if (changed == nullptr || id != changed->info.member_id) vote(member);
    if (changed != nullptr) vote(*changed);
    auto const most = std::ranges::max_element(votes, {}, [](auto const& v) { return v.second; });
    return most == votes.end() ? std::string(uniform_assignor) : most->first;
}

PartitionsByTopic by_topic(State const& state, OwnedPartitions const& partitions) {
    PartitionsByTopic out;
    for (auto const& [at, epoch] : partitions)
        if (auto const* topic = state.topic(at.topic_id)) out[topic->name].push_back(at.partition);
    return out;
}

ConsumerGroup const& ConsumerGroups::Draft::known() const {
    static ConsumerGroup const none;
    return group == nullptr ? none : *group;
}

ConsumerGroups::Draft ConsumerGroups::draft(Step& step, std::string const& group_id) const {
    Draft out;
    out.group = step.state().groups.consumer(group_id);
    out.entry.group_id = group_id;
    out.entry.group_epoch = out.known().group_epoch;
    out.entry.assignment_epoch = out.known().assignment_epoch;
    out.entry.metadata_hash = out.known().metadata_hash;
    out.entry.changed_ms = step.now().wall_ms;
    return out;
}

// What the one before had is its own at once: the instance is the same, only its process is new.
void ConsumerGroups::take_place(Draft& draft, ConsumerMember const& of) const {
    auto const member_id = draft.member.info.member_id;
    draft.replaces = of.info.member_id;
    draft.entry.left.push_back(draft.replaces);
    draft.before = &of;
    draft.member = of;
    draft.member.info.member_id = member_id;
    draft.member.epoch = joining_epoch;
    draft.member.previous_epoch = -1;
}

void ConsumerGroups::describe(Draft& draft) const {
    auto const& info = draft.member.info;
    if (draft.before == nullptr || !draft.replaces.empty() || draft.before->info != info)
        draft.entry.members.push_back(info);
    draft.bumps = draft.before == nullptr || draft.known().group_epoch == 0 ||
                  draft.before->info.topics != info.topics ||
                  draft.before->info.topic_regex != info.topic_regex;
}

std::vector<std::string> const& ConsumerGroups::matches(Step& step, Watch& watch,
                                                        std::string const& regex) {
    auto const [it, is_new] = watch.matches.try_emplace(regex);
    if (!is_new) return it->second;
    TopicRegex const expression{regex};
    if (expression.refused()) return it->second;
    for (auto const& [name, topic] : step.state().topics)
        if (expression.matches(name)) it->second.push_back(name);
    return it->second;
}

void ConsumerGroups::refresh_topics(Step& step, Watch& watch) {
    watch.matches.clear();
    watch.topics_seen = step.state().topics_version;
    watch.refreshed = step.now().instant;
}

AssignableGroup ConsumerGroups::readers(Step& step, Watch& watch, Draft const& draft) {
    std::map<std::string, ConsumerMember const*> members;
    for (auto const& [id, member] : draft.known().members) members.emplace(id, &member);
    members.erase(draft.replaces);
    members[draft.member.info.member_id] = &draft.member;

    AssignableGroup out;
    for (auto const& [id, member] : members) {
        auto& reader = out.members.emplace_back();
        reader.member_id = id;
        reader.before = &member->target;
        auto const read = [&](std::string const& name) {
            auto const* topic = step.state().topic(name);
            if (topic == nullptr) return;
            reader.topics.push_back(topic->id);
            out.topics[topic->id] = std::int32_t(topic->partitions.size());
        };
        for (auto const& name : member->info.topics) read(name);
        if (!member->info.topic_regex.empty())
            for (auto const& name : matches(step, watch, member->info.topic_regex)) read(name);
        std::ranges::sort(reader.topics);
        auto const twice = std::ranges::unique(reader.topics);
        reader.topics.erase(twice.begin(), twice.end());
    }
    return out;
}

GroupRefusal ConsumerGroups::retarget(Step& step, Watch& watch, Draft& draft) {
    auto const group = readers(step, watch, draft);
    std::size_t partitions = 0;
    for (auto const& [id, count] : group.topics) partitions += std::size_t(count);
    if (partitions > consumer_group_partitions_max)
        return {ErrorCode::group_max_size_reached,
                "The group would read " + std::to_string(partitions) +
                    " partitions; the most that one group may read is " +
                    std::to_string(consumer_group_partitions_max) + "."};
    auto& entry = draft.entry;
    auto const hash = hash_of(group.topics);
    if (draft.bumps || hash != entry.metadata_hash) ++entry.group_epoch;
    entry.metadata_hash = hash;
    if (entry.group_epoch == entry.assignment_epoch) return {};
    entry.assignment_epoch = entry.group_epoch;
    auto targets = assign(assignor_of(draft.known(), &draft.member), group);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        auto const& reader = group.members[i];
        if (targets[i] == *reader.before) continue;
        entry.targets.push_back({reader.member_id, to_shares(targets[i])});
        if (reader.member_id == draft.member.info.member_id)
            draft.member.target = std::move(targets[i]);
    }
    return {};
}

GroupRefusal ConsumerGroups::advance(Step& step, Watch& watch, Draft& draft,
                                     ReportedPartitions const& reported) {
    describe(draft);
    auto const& known = draft.known();
    auto const now = step.now().instant;
    auto const seen = watch.topics_seen;
    auto const refreshes = seen != step.state().topics_version &&
                           (!seen || now - watch.refreshed >= topics_refresh_interval_min);
    if (refreshes) refresh_topics(step, watch);
    if (refreshes || draft.bumps || known.group_epoch > known.assignment_epoch)
        if (auto refused = retarget(step, watch, draft)) return refused;

    auto& entry = draft.entry;
    auto& member = draft.member;
    auto const& id = member.info.member_id;
    auto const has_target = std::ranges::find(entry.targets, id, &MemberTarget::member_id);
    if (!draft.replaces.empty() && has_target == entry.targets.end())
        entry.targets.push_back({id, to_shares(member.target)});
    reconcile(member, {member.target, entry.assignment_epoch, reported, [&](auto const& at) {
                           auto const owner = known.owners.find(at);
                           return owner != known.owners.end() && owner->second != id &&
                                  owner->second != draft.replaces;
                       }});
    auto const* before = draft.replaces.empty() ? draft.before : nullptr;
    auto moved = progress_of(member);
    if (before == nullptr || progress_of(*before) != moved) entry.progress.push_back(moved);
    auto const same = entry.members.empty() && entry.left.empty() && entry.targets.empty() &&
                      entry.progress.empty() && entry.group_epoch == known.group_epoch &&
                      entry.assignment_epoch == known.assignment_epoch &&
                      entry.metadata_hash == known.metadata_hash;
    if (same) return {};
    auto refused = write(step, entry);
    if (refused) watch.topics_seen.reset();
    if (!draft.replaces.empty() && !refused) watch.members.erase(draft.replaces);
    return refused;
}

GroupRefusal ConsumerGroups::write(Step& step, ConsumerGroupChanged const& entry) {
    auto head = encode_entry(entry);
    if (head.size() > journal::entry_bytes_max)
        return {ErrorCode::group_max_size_reached, "The group is too large for one entry."};
    if (step.commit(std::move(head))) return {};
    return {ErrorCode::coordinator_not_available, "The disk is full; try again."};
}

}  // namespace klamm::broker
