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
    static constexpr void describe(auto& field) {
        field("group", &Self::group);
        field("offsets", &Self::offsets);
        field("pending", &Self::pending, kafka::always.tag(0));
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

void append(Bytes& out, ByteView bytes) {
    auto const end = out.size();
    out.resize(end + bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.begin() + std::ptrdiff_t(end));
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

std::size_t GroupsState::members() const {
    std::size_t count = 0;
    for (auto const& [id, group] : groups_) count += group.members.size();
    return count;
}

void GroupsState::apply(GroupChanged const& entry) {
    auto& group = groups_[entry.group_id];
    group.protocol_type = entry.protocol_type;
    group.generation_id = entry.generation_id;
    group.protocol_name = entry.protocol_name;
    group.leader = entry.leader;
    group.changed_ms = entry.changed_ms;
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
    if (ended.empty() || !committed) return;
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
    for (auto const& [id, group] : groups_) {
        kafka::Writer body;
        kafka::encode_struct(body, to_disk(id, group));
        auto const bytes = std::move(body).finish_bytes();
        kafka::Writer length;
        length.integer(std::uint32_t(bytes.size()));
        append(out, std::move(length).finish_bytes());
        append(out, bytes);
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
        taken.apply(group.group);
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
