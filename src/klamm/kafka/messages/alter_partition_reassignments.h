// kafka/messages/alter_partition_reassignments.h - AlterPartitionReassignments, api key 45.
//
// Moves the replicas of partitions to other brokers (KIP-455).
//
// v1 can forbid that the number of replicas changes (KIP-860).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_AlterPartitionReassignments
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct AlterPartitionReassignmentsResponse;

struct AlterPartitionReassignmentsRequest {
    using Self = AlterPartitionReassignmentsRequest;
    using Response = AlterPartitionReassignmentsResponse;
    static constexpr Api api{.key = 45, .first = 0, .last = 1, .flexible_from = 0};

    struct ReassignablePartition {
        using Self = ReassignablePartition;
        std::int32_t partition_index = 0;
        /// broker ids; null: give up a move that is under way
        std::optional<std::vector<std::int32_t>> replicas;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("replicas", &Self::replicas);
        }
        bool operator==(Self const&) const = default;
    };

    struct ReassignableTopic {
        using Self = ReassignableTopic;
        std::string name;
        std::vector<ReassignablePartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t timeout_ms = 60000;
    bool allow_replication_factor_change = true;
    std::vector<ReassignableTopic> topics;

    static constexpr void describe(auto& field) {
        field("timeout_ms", &Self::timeout_ms);
        field("allow_replication_factor_change", &Self::allow_replication_factor_change, since(1));
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct AlterPartitionReassignmentsResponse {
    using Self = AlterPartitionReassignmentsResponse;
    static constexpr Api api = AlterPartitionReassignmentsRequest::api;

    struct ReassignablePartitionResponse {
        using Self = ReassignablePartitionResponse;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
        }
        bool operator==(Self const&) const = default;
    };

    struct ReassignableTopicResponse {
        using Self = ReassignableTopicResponse;
        std::string name;
        std::vector<ReassignablePartitionResponse> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    bool allow_replication_factor_change = true;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<ReassignableTopicResponse> responses;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("allow_replication_factor_change", &Self::allow_replication_factor_change,
              since(1).ignorable());
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("responses", &Self::responses);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
