// broker/groups/groups_state.h - what of the consumer groups must survive: the fold over their
// entries.
//
// A group is here as it was when its last generation became stable, or when it became empty. What
// happens in between (who has joined, who still has to) is in live_group.h and is lost in a crash:
// then the members find a generation that is not theirs, and join again.
//
// Groups, members, topics and partitions are kept in order, so that lists and checkpoints come
// out the same every time.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/config.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/consumer_state.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::broker {

struct StoredOffset {
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;  ///< -1: the client did not say
    std::string metadata;
    std::int64_t committed_ms = 0;
    bool operator==(StoredOffset const&) const = default;
};

/// Committed as soon as its transaction is.
struct PendingOffset {
    StoredOffset offset;
    std::uint64_t order = 0;  ///< counts up; of two for one partition the later one wins
    bool operator==(PendingOffset const&) const = default;
};

struct StoredGroup {
    template <class Offset>
    using ByPartition = std::map<std::string, std::map<std::int32_t, Offset>, std::less<>>;

    std::string protocol_type;  ///< empty: it never had members, only offsets
    std::int32_t generation_id = 0;
    std::optional<std::string> protocol_name;
    std::optional<std::string> leader;
    std::int64_t changed_ms = 0;
    std::map<std::string, GroupMember> members;  ///< by member id
    /// Set: a group of the consumer protocol, and all of the above but `changed_ms` is empty.
    std::optional<ConsumerGroup> consumer;
    ByPartition<StoredOffset> offsets;
    std::map<std::int64_t, ByPartition<PendingOffset>> pending;  ///< by producer id

    StoredOffset const* offset(std::string_view topic, std::int32_t partition) const;
    /// Whether a transaction may still change the committed offset.
    bool has_pending(std::string_view topic, std::int32_t partition) const;
    bool operator==(StoredGroup const&) const = default;
};

class GroupsState {
public:
    using Map = std::map<std::string, StoredGroup, std::less<>>;

    Map const& all() const { return groups_; }
    /// Null when there is none.
    StoredGroup const* find(std::string_view group_id) const;
    /// Null when there is none, or it is classic.
    ConsumerGroup const* consumer(std::string_view group_id) const;
    std::size_t members() const;  ///< of all groups
    /// Those that were set, for groups that are there and for others.
    Configs const& configs(std::string_view group_id) const;
    std::map<std::string, Configs, std::less<>> const& all_configs() const { return configs_; }

    void apply(GroupChanged const& entry);
    void apply(GroupDeleted const& entry);
    void apply(OffsetsCommitted const& entry);
    void apply(OffsetsDeleted const& entry);
    /// Offsets of the transaction of this producer; `order` counts up.
    void apply(TransactionOffsets const& entry, std::int64_t producer_id, std::uint64_t order);
    void end_transaction(std::string const& group_id, std::int64_t producer_id, bool committed);
    void apply(GroupConfigured const& entry);
    /// The reason why the entry cannot follow, or nothing.
    [[nodiscard]] std::optional<std::string> apply(ConsumerGroupChanged const& entry);
    /// A deleted topic's committed offsets go with it.
    void topic_deleted(std::string_view topic);

    /// Appends its part of a checkpoint; the same state gives the same bytes.
    void encode(Bytes& out) const;
    /// Takes over what encode() wrote, or returns the reason why it cannot; then nothing changed.
    [[nodiscard]] std::optional<std::string> decode(ByteView bytes);

    bool operator==(GroupsState const&) const = default;

private:
    Map groups_;
    std::map<std::string, Configs, std::less<>> configs_;
};

}  // namespace klamm::broker
