// kafka/messages/offset_commit.h - OffsetCommit, api key 8.
//
// A consumer stores how far it has read, in the name of its group.
//
// v3 adds throttle_time_ms; v5 drops retention_time_ms; v6 adds the leader epoch (KIP-320); v7
// group_instance_id (KIP-345); v8 is flexible; v9 allows members of KIP-848; v10 names topics by
// id.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_OffsetCommit
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct OffsetCommitResponse;

struct OffsetCommitRequest {
    using Self = OffsetCommitRequest;
    using Response = OffsetCommitResponse;
    static constexpr Api api{.key = 8, .first = 2, .last = 10, .flexible_from = 8};

    struct OffsetCommitRequestPartition {
        using Self = OffsetCommitRequestPartition;
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;  ///< -1: not known
        /// whatever the client wants to keep
        std::optional<std::string> committed_metadata = "";

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("committed_offset", &Self::committed_offset);
            field("committed_leader_epoch", &Self::committed_leader_epoch, since(6).ignorable());
            field("committed_metadata", &Self::committed_metadata);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetCommitRequestTopic {
        using Self = OffsetCommitRequestTopic;
        std::string name;
        Uuid topic_id;
        std::vector<OffsetCommitRequestPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(9).ignorable());
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    /// -1: a client outside the group protocol
    std::int32_t generation_id_or_member_epoch = -1;
    std::string member_id;
    std::optional<std::string> group_instance_id;  ///< null: a dynamic member
    std::int64_t retention_time_ms = -1;           ///< -1: as the broker is configured
    std::vector<OffsetCommitRequestTopic> topics;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("generation_id_or_member_epoch", &Self::generation_id_or_member_epoch);
        field("member_id", &Self::member_id);
        field("group_instance_id", &Self::group_instance_id, since(7));
        field("retention_time_ms", &Self::retention_time_ms, until(4).ignorable());
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct OffsetCommitResponse {
    using Self = OffsetCommitResponse;
    static constexpr Api api = OffsetCommitRequest::api;

    struct OffsetCommitResponsePartition {
        using Self = OffsetCommitResponsePartition;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetCommitResponseTopic {
        using Self = OffsetCommitResponseTopic;
        std::string name;
        Uuid topic_id;
        std::vector<OffsetCommitResponsePartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(9).ignorable());
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetCommitResponseTopic> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(3).ignorable());
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
