// broker/groups/consumer_state.h - a group of the consumer protocol (KIP-848): what must survive.
//
//     group epoch        counts changes of members, subscriptions and topics
//     assignment epoch   the group epoch whose targets stand; behind it only for a moment
//     member epoch       the assignment epoch that the member has come to
//
// Each member moves from what it has to its target on its own: it first gives up what it should not
// have, then is given what nobody has any more.
//
// Invariants, checked by violated() and, the first two, whenever an entry is applied:
//   1. A partition has at most one owner: it is assigned to, or being revoked from, one member.
//   2. No member epoch is above the group epoch, nor the assignment epoch.
//   3. Every target belongs to a member, and no partition is in two targets.
//   4. A stable member has nothing left to revoke.
#pragma once

#include "klamm/broker/groups/consumer_entries.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

struct TopicIdPartition {
    Uuid topic_id;
    std::int32_t partition = 0;
    auto operator<=>(TopicIdPartition const&) const = default;
};

/// Partitions that a member has, with the assignment epoch in which it got each.
using OwnedPartitions = std::map<TopicIdPartition, std::int32_t>;
/// In order, each once.
using TargetPartitions = std::vector<TopicIdPartition>;

/// Epochs with a meaning of their own, in requests; the second one also in a member that is away.
inline constexpr std::int32_t joining_epoch = 0;
inline constexpr std::int32_t leaving_epoch = -1;
inline constexpr std::int32_t static_leaving_epoch = -2;

struct ConsumerMember {
    ConsumerMemberInfo info;
    std::int32_t epoch = 0;
    std::int32_t previous_epoch = -1;
    MemberState state = MemberState::stable;
    OwnedPartitions assigned;
    OwnedPartitions revoking;
    TargetPartitions target;
    bool operator==(ConsumerMember const&) const = default;
};

struct ConsumerGroup {
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::uint64_t metadata_hash = 0;
    std::map<std::string, ConsumerMember> members;

    // ---- what follows from the members
    std::map<TopicIdPartition, std::string> owners;     ///< member ids
    std::map<std::string, std::string> static_members;  ///< member ids by instance id
    std::size_t info_bytes = 0;                         ///< of all members' infos
    std::size_t classic_members = 0;

    /// Null when there is none.
    ConsumerMember const* member(std::string const& member_id) const;
    ConsumerMember const* static_member(std::string const& instance_id) const;
    /// As Kafka's tools show it: "Stable".
    std::string_view state() const;
    bool all_classic() const { return !members.empty() && classic_members == members.size(); }

    /// The reason why the entry cannot follow, and then nothing has changed; or nothing.
    [[nodiscard]] std::optional<std::string> apply(ConsumerGroupChanged const& entry);
    /// The group as one entry that says everything.
    ConsumerGroupChanged to_entry(std::string group_id, std::int64_t changed_ms) const;
    /// Which of the invariants does not hold; nothing when all do.
    std::optional<std::string> violated() const;

    bool operator==(ConsumerGroup const&) const = default;

private:
    void remove(std::string const& member_id);
    void put(ConsumerMemberInfo const& info);
    void move(MemberProgress const& progress);
    std::optional<std::string> check(ConsumerGroupChanged const& entry) const;
};

/// What counts against group_metadata_bytes_max.
std::size_t bytes_of(ConsumerMemberInfo const& info);

std::vector<TopicShare> to_shares(OwnedPartitions const& partitions);
std::vector<TopicShare> to_shares(TargetPartitions const& partitions);
MemberProgress progress_of(ConsumerMember const& member);

}  // namespace klamm::broker
