// kafka/messages/list_offsets.h - ListOffsets, api key 2.
//
// Finds offsets in partitions: the first, the next, or the first at or after a timestamp.
//
// v2 adds isolation_level and throttle_time_ms; v4 leader epochs (KIP-320); v6 is flexible; v7 to
// v11 add special timestamps: -3 largest timestamp (KIP-734), -4 earliest local (KIP-405), -5
// latest tiered (KIP-1005), -6 earliest pending upload (KIP-1023); v10 adds timeout_ms (KIP-1075).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ListOffsets
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ListOffsetsResponse;

struct ListOffsetsRequest {
    using Self = ListOffsetsRequest;
    using Response = ListOffsetsResponse;
    static constexpr Api api{.key = 2, .first = 1, .last = 11, .flexible_from = 6};

    struct ListOffsetsPartition {
        using Self = ListOffsetsPartition;
        std::int32_t partition_index = 0;
        std::int32_t current_leader_epoch = -1;  ///< -1: not known, not checked
        std::int64_t timestamp = 0;  ///< ms; -1: next offset, -2: first offset, others above

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("current_leader_epoch", &Self::current_leader_epoch, since(4).ignorable());
            field("timestamp", &Self::timestamp);
        }
        bool operator==(Self const&) const = default;
    };

    struct ListOffsetsTopic {
        using Self = ListOffsetsTopic;
        std::string name;
        std::vector<ListOffsetsPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t replica_id = 0;      ///< -1: a consumer
    std::int8_t isolation_level = 0;  ///< 0: read uncommitted, 1: read committed
    std::vector<ListOffsetsTopic> topics;
    std::int32_t timeout_ms = 0;  ///< for tiered storage

    static constexpr void describe(auto& field) {
        field("replica_id", &Self::replica_id);
        field("isolation_level", &Self::isolation_level, since(2));
        field("topics", &Self::topics);
        field("timeout_ms", &Self::timeout_ms, since(10).ignorable());
    }
    bool operator==(Self const&) const = default;
};

struct ListOffsetsResponse {
    using Self = ListOffsetsResponse;
    static constexpr Api api = ListOffsetsRequest::api;

    struct ListOffsetsPartitionResponse {
        using Self = ListOffsetsPartitionResponse;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t timestamp = -1;  ///< -1: none
        std::int64_t offset = -1;     ///< -1: no such record
        std::int32_t leader_epoch = -1;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
            field("timestamp", &Self::timestamp);
            field("offset", &Self::offset);
            field("leader_epoch", &Self::leader_epoch, since(4));
        }
        bool operator==(Self const&) const = default;
    };

    struct ListOffsetsTopicResponse {
        using Self = ListOffsetsTopicResponse;
        std::string name;
        std::vector<ListOffsetsPartitionResponse> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<ListOffsetsTopicResponse> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(2).ignorable());
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
