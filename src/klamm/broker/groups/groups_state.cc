#include "klamm/broker/groups/groups_state.h"

#include "klamm/base/guard.h"
#include "klamm/kafka/codec.h"

#include <utility>

namespace klamm::broker {
namespace {

// ---- how a group stands in a checkpoint --------------------------------------------------

struct OffsetOnDisk {
    using Self = OffsetOnDisk;
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::string metadata;
    std::int64_t committed_ms = 0;
    static constexpr void describe(auto& field) {
        field("topic", &Self::topic);
        field("partition", &Self::partition);
        field("offset", &Self::offset);
        field("leader_epoch", &Self::leader_epoch);
        field("metadata", &Self::metadata);
        field("committed_ms", &Self::committed_ms);
    }
    bool operator==(Self const&) const = default;
};

struct PendingOnDisk {
    using Self = PendingOnDisk;
    std::int64_t producer_id = -1;
    std::uint64_t order = 0;
    OffsetOnDisk offset;
    static constexpr void describe(auto& field) {
        field("producer_id", &Self::producer_id);
        field("order", &Self::order);
        field("offset", &Self::offset);
    }
    bool operator==(Self const&) const = default;
};

struct GroupOnDisk {
    using Self = GroupOnDisk;
    GroupChanged group;
    std::vector<OffsetOnDisk> offsets;
    std::vector<PendingOnDisk> pending;
    Bytes consumer;  ///< a ConsumerGroupChanged; empty: a classic group
    std::vector<ConfigEntry> configs;
    bool only_configs = false;  ///< there is no such group
    static constexpr void describe(auto& field) {
        field("group", &Self::group);
        field("offsets", &Self::offsets);
        field("pending", &Self::pending, kafka::always.tag(0));
        field("consumer", &Self::consumer, kafka::always.tag(1));
        field("configs", &Self::configs, kafka::always.tag(2));
        field("only_configs", &Self::only_configs, kafka::always.tag(3));
    }
    bool operator==(Self const&) const = default;
};

GroupOnDisk to_disk(std::string const& group_id, StoredGroup const& group) {
    GroupOnDisk out;
    out.group.group_id = group_id;
    out.group.protocol_type = group.protocol_type;
    out.group.generation_id = group.generation_id;
    out.group.protocol_name = group.protocol_name;
    out.group.leader = group.leader;
    out.group.changed_ms = group.changed_ms;
    for (auto const& [id, member] : group.members) out.group.members.push_back(member);
    if (group.consumer) {
        kafka::Writer image;
        kafka::encode_struct(image, group.consumer->to_entry(group_id, group.changed_ms));
        out.consumer = std::move(image).finish_bytes();
    }
    if (!guard(Guard::offsets_in_checkpoint)) return out;
    for (auto const& [topic, partitions] : group.offsets)
        for (auto const& [partition, at] : partitions)
            out.offsets.push_back(
                {topic, partition, at.offset, at.leader_epoch, at.metadata, at.committed_ms});
    for (auto const& [producer_id, topics] : group.pending)
        for (auto const& [topic, partitions] : topics)
            for (auto const& [partition, at] : partitions)
                out.pending.push_back(
                    {producer_id, at.order,
                     OffsetOnDisk{topic, partition, at.offset.offset, at.offset.leader_epoch,
                                  at.offset.metadata, at.offset.committed_ms}});
    return out;
}

std::vector<ConfigEntry> to_list(Configs const& configs) {
    std::vector<ConfigEntry> list;
    for (auto const& [name, value] : configs) list.push_back({name, value});
    return list;
}

void append(Bytes& out, ByteView bytes) {
    auto const end = out.size();
    out.resize(end + bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.begin() + std::ptrdiff_t(end));
}

/// With a reader of its own, so that a large group has the limits of one message for itself.
std::optional<std::string> take_consumer(GroupsState& groups, GroupOnDisk const& from) {
    if (from.consumer.empty()) return std::nullopt;
    kafka::Reader in{from.consumer};
    ConsumerGroupChanged image;
    kafka::decode_struct(in, image);
    if (in.failed()) return to_string(in.error());
    if (in.bytes_left() > 0) return "bytes follow the last field of a consumer group";
    if (image.group_id != from.group.group_id) return "a consumer group has two names";
    return groups.apply(image);
}

}  // namespace

StoredOffset const* StoredGroup::offset(std::string_view topic, std::int32_t partition) const {
    auto const partitions = offsets.find(topic);
    if (partitions == offsets.end()) return nullptr;
    auto const found = partitions->second.find(partition);
    return found == partitions->second.end() ? nullptr : &found->second;
}

bool StoredGroup::has_pending(std::string_view topic, std::int32_t partition) const {
    for (auto const& [producer_id, topics] : pending) {
        auto const found = topics.find(topic);
        if (found != topics.end() && found->second.contains(partition)) return true;
    }
    return false;
}

StoredGroup const* GroupsState::find(std::string_view group_id) const {
    auto const found = groups_.find(group_id);
    return found == groups_.end() ? nullptr : &found->second;
}

ConsumerGroup const* GroupsState::consumer(std::string_view group_id) const {
    auto const* group = find(group_id);
    return group != nullptr && group->consumer ? &*group->consumer : nullptr;
}

std::size_t GroupsState::members() const {
    std::size_t count = 0;
    for (auto const& [id, group] : groups_)
        count += group.consumer ? group.consumer->members.size() : group.members.size();
    return count;
}

Configs const& GroupsState::configs(std::string_view group_id) const {
    static Configs const none;
    auto const found = configs_.find(group_id);
    return found == configs_.end() ? none : found->second;
}

void GroupsState::apply(GroupChanged const& entry) {
    auto& group = groups_[entry.group_id];
    group.protocol_type = entry.protocol_type;
    group.generation_id = entry.generation_id;
    group.protocol_name = entry.protocol_name;
    group.leader = entry.leader;
    group.changed_ms = entry.changed_ms;
    group.consumer.reset();
    group.members.clear();
    for (auto const& member : entry.members) group.members.emplace(member.member_id, member);
}

namespace {

/// What is pending for this partition from before `order` can have no effect any more.
void drop_pending(StoredGroup& group, std::string const& topic, std::int32_t partition,
                  std::uint64_t order = ~std::uint64_t{0}) {
    for (auto at = group.pending.begin(); at != group.pending.end();) {
        auto& topics = at->second;
        if (auto const found = topics.find(topic); found != topics.end()) {
            auto const one = found->second.find(partition);
            if (one != found->second.end() && one->second.order < order) found->second.erase(one);
            if (found->second.empty()) topics.erase(found);
        }
        at = topics.empty() ? group.pending.erase(at) : std::next(at);
    }
}

}  // namespace

void GroupsState::apply(GroupDeleted const& entry) { groups_.erase(entry.group_id); }

void GroupsState::apply(OffsetsCommitted const& entry) {
    auto& group = groups_[entry.group_id];
    for (auto const& at : entry.offsets) {
        group.offsets[at.topic][at.partition] = {at.offset, at.leader_epoch, at.metadata,
                                                 entry.committed_ms};
        drop_pending(group, at.topic, at.partition);
    }
}

void GroupsState::apply(TransactionOffsets const& entry, std::int64_t producer_id,
                        std::uint64_t order) {
    if (entry.offsets.empty()) return;
    auto& topics = groups_[entry.group_id].pending[producer_id];
    for (auto const& at : entry.offsets)
        topics[at.topic][at.partition] = {
            {at.offset, at.leader_epoch, at.metadata, entry.committed_ms}, order};
}

void GroupsState::end_transaction(std::string const& group_id, std::int64_t producer_id,
                                  bool committed) {
    auto const found = groups_.find(group_id);
    if (found == groups_.end()) return;  // deleted meanwhile
    auto& group = found->second;
    auto const ended = group.pending.extract(producer_id);
    if (ended.empty() || (!committed && guard(Guard::aborted_offsets_dropped))) return;
    for (auto const& [topic, partitions] : ended.mapped()) {
        for (auto const& [partition, at] : partitions) {
            group.offsets[topic][partition] = at.offset;
            drop_pending(group, topic, partition, at.order);
        }
    }
}

void GroupsState::apply(OffsetsDeleted const& entry) {
    auto const group = groups_.find(entry.group_id);
    if (group == groups_.end()) return;
    auto& offsets = group->second.offsets;
    for (auto const& at : entry.partitions) {
        drop_pending(group->second, at.topic, at.partition);
        auto const topic = offsets.find(at.topic);
        if (topic == offsets.end()) continue;
        topic->second.erase(at.partition);
        if (topic->second.empty()) offsets.erase(topic);
    }
}

void GroupsState::apply(GroupConfigured const& entry) {
    if (entry.configs.empty()) {
        configs_.erase(entry.group_id);
        return;
    }
    auto& configs = configs_[entry.group_id];
    configs.clear();
    for (auto const& [name, value] : entry.configs) configs[name] = value;
}

std::optional<std::string> GroupsState::apply(ConsumerGroupChanged const& entry) {
    auto const known = groups_.find(entry.group_id);
    if (known != groups_.end() && known->second.consumer) {
        if (auto refused = known->second.consumer->apply(entry)) return refused;
        known->second.changed_ms = entry.changed_ms;
        return std::nullopt;
    }
    ConsumerGroup made;
    if (auto refused = made.apply(entry)) return refused;
    auto& group = groups_[entry.group_id];
    group.protocol_type.clear();
    group.generation_id = 0;
    group.protocol_name.reset();
    group.leader.reset();
    group.changed_ms = entry.changed_ms;
    group.members.clear();
    group.consumer = std::move(made);
    return std::nullopt;
}

void GroupsState::topic_deleted(std::string_view topic) {
    for (auto& [id, group] : groups_) {
        auto const found = group.offsets.find(topic);
        if (found != group.offsets.end()) group.offsets.erase(found);
        for (auto& [producer_id, topics] : group.pending) {
            auto const pending = topics.find(topic);
            if (pending != topics.end()) topics.erase(pending);
        }
        std::erase_if(group.pending, [](auto const& one) { return one.second.empty(); });
    }
}

// A length stands before each group, so that the limits on what one decoder reads (elements of
// all arrays together) hold for a group and not for all of them.
void GroupsState::encode(Bytes& out) const {
    auto const put = [&out](GroupOnDisk const& group) {
        kafka::Writer body;
        kafka::encode_struct(body, group);
        auto const bytes = std::move(body).finish_bytes();
        kafka::Writer length;
        length.integer(std::uint32_t(bytes.size()));
        append(out, std::move(length).finish_bytes());
        append(out, bytes);
    };
    for (auto const& [id, group] : groups_) {
        auto on_disk = to_disk(id, group);
        on_disk.configs = to_list(configs(id));
        put(on_disk);
    }
    for (auto const& [id, set] : configs_) {
        if (groups_.contains(id)) continue;
        GroupOnDisk on_disk;
        on_disk.group.group_id = id;
        on_disk.configs = to_list(set);
        on_disk.only_configs = true;
        put(on_disk);
    }
}

std::optional<std::string> GroupsState::decode(ByteView bytes) {
    GroupsState taken;
    kafka::Reader groups{bytes};
    while (groups.bytes_left() > 0) {
        kafka::Reader body{groups.take(groups.integer<std::uint32_t>())};
        GroupOnDisk group;
        kafka::decode_struct(body, group);
        if (!body.failed() && body.bytes_left() > 0) body.fail(kafka::Refusal::trailing_bytes);
        if (groups.failed()) return "groups: " + to_string(groups.error());
        if (body.failed()) return "groups: " + to_string(body.error());
        taken.apply(GroupConfigured{group.group.group_id, group.configs});
        if (group.only_configs) continue;
        taken.apply(group.group);
        if (auto refused = take_consumer(taken, group)) return "groups: " + *refused;
        auto& stored = taken.groups_[group.group.group_id];
        for (auto& at : group.offsets)
            stored.offsets[at.topic][at.partition] = {at.offset, at.leader_epoch,
                                                      std::move(at.metadata), at.committed_ms};
        for (auto& [producer_id, order, at] : group.pending)
            stored.pending[producer_id][at.topic][at.partition] = {
                {at.offset, at.leader_epoch, std::move(at.metadata), at.committed_ms}, order};
    }
    *this = std::move(taken);
    return std::nullopt;
}

}  // namespace klamm::broker
