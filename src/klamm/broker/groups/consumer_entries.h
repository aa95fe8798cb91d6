// broker/groups/consumer_entries.h - what is journaled of groups of the consumer protocol
// (KIP-848).
//
// One request makes at most one entry, and an entry says only what changed: who came or
// left, new epochs, new targets, how far members have come. A checkpoint holds each group as one
// entry that says everything.
#pragma once

#include "klamm/broker/entries.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::broker {

/// Partitions of one topic. `epochs`: for each partition, the assignment epoch in which its owner
/// got it; empty in targets.
struct TopicShare {
    using Self = TopicShare;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    std::vector<std::int32_t> epochs;
    static constexpr void describe(auto& field) {
        field("topic_id", &Self::topic_id);
        field("partitions", &Self::partitions);
        field("epochs", &Self::epochs);
    }
    bool operator==(Self const&) const = default;
};

struct ClassicProtocol {
    using Self = ClassicProtocol;
    std::string name;
    Bytes metadata;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("metadata", &Self::metadata);
    }
    bool operator==(Self const&) const = default;
};

/// Who a member is and what it wants.
struct ConsumerMemberInfo {
    using Self = ConsumerMemberInfo;
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> topics;  ///< by name, each once
    std::string topic_regex;          ///< empty: none
    std::string assignor;             ///< empty: whatever the group uses
    std::int32_t rebalance_timeout_ms = 0;
    std::int32_t classic_session_ms = -1;  ///< -1: it speaks the consumer protocol
    std::vector<ClassicProtocol> classic_protocols;
    static constexpr void describe(auto& field) {
        field("member_id", &Self::member_id);
        field("instance_id", &Self::instance_id);
        field("rack_id", &Self::rack_id);
        field("client_id", &Self::client_id);
        field("client_host", &Self::client_host);
        field("topics", &Self::topics);
        field("topic_regex", &Self::topic_regex);
        field("assignor", &Self::assignor);
        field("rebalance_timeout_ms", &Self::rebalance_timeout_ms);
        field("classic_session_ms", &Self::classic_session_ms);
        field("classic_protocols", &Self::classic_protocols);
    }
    bool classic() const { return classic_session_ms >= 0; }
    bool operator==(Self const&) const = default;
};

struct MemberTarget {
    using Self = MemberTarget;
    std::string member_id;
    std::vector<TopicShare> share;
    static constexpr void describe(auto& field) {
        field("member_id", &Self::member_id);
        field("share", &Self::share);
    }
    bool operator==(Self const&) const = default;
};

enum class MemberState : std::uint8_t {
    stable = 0,      ///< has all that the target of its epoch gives it
    unrevoked = 1,   ///< must give partitions up before it may go on
    unreleased = 2,  ///< waits for partitions that others still have
};

/// How far a member has come towards its target.
struct MemberProgress {
    using Self = MemberProgress;
    std::string member_id;
    std::int32_t epoch = 0;
    std::int32_t previous_epoch = -1;
    MemberState state = MemberState::stable;
    std::vector<TopicShare> assigned;
    std::vector<TopicShare> revoking;  ///< still its own until it says that it is not
    static constexpr void describe(auto& field) {
        field("member_id", &Self::member_id);
        field("epoch", &Self::epoch);
        field("previous_epoch", &Self::previous_epoch);
        field("state", &Self::state);
        field("assigned", &Self::assigned);
        field("revoking", &Self::revoking);
    }
    bool operator==(Self const&) const = default;
};

/// A group of the consumer protocol moves on. In this order: members leave, come or change; targets
/// and progress replace those that the named members had. The first entry for a group that is
/// classic, or not there, makes it one of this protocol; committed offsets stay.
struct ConsumerGroupChanged {
    using Self = ConsumerGroupChanged;
    static constexpr EntryKind kind = EntryKind::consumer_group_changed;
    std::string group_id;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;  ///< the group epoch for which the targets were computed
    std::uint64_t metadata_hash = 0;    ///< of the topics that the group reads
    std::int64_t changed_ms = 0;
    std::vector<std::string> left;
    std::vector<ConsumerMemberInfo> members;
    std::vector<MemberTarget> targets;
    std::vector<MemberProgress> progress;
    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("group_epoch", &Self::group_epoch);
        field("assignment_epoch", &Self::assignment_epoch);
        field("metadata_hash", &Self::metadata_hash);
        field("changed_ms", &Self::changed_ms);
        field("left", &Self::left);
        field("members", &Self::members);
        field("targets", &Self::targets);
        field("progress", &Self::progress);
    }
    bool operator==(Self const&) const = default;
};

/// The configs of a group as they are from now on; the group need not exist.
struct GroupConfigured {
    using Self = GroupConfigured;
    static constexpr EntryKind kind = EntryKind::group_configured;
    std::string group_id;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("configs", &Self::configs);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::broker
