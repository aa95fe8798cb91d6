// kafka/messages/elect_leaders.h - ElectLeaders, api key 43.
//
// Makes the preferred replica, or any that lives, the leader of partitions.
//
// v1 adds election_type and the top-level error_code (KIP-460); v2 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ElectLeaders
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ElectLeadersResponse;

struct ElectLeadersRequest {
    using Self = ElectLeadersRequest;
    using Response = ElectLeadersResponse;
    static constexpr Api api{.key = 43, .first = 0, .last = 2, .flexible_from = 2};

    struct TopicPartitions {
        using Self = TopicPartitions;
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int8_t election_type = 0;  ///< 0: preferred replica, 1: unclean
    /// null: all
    std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};
    std::int32_t timeout_ms = 60000;

    static constexpr void describe(auto& field) {
        field("election_type", &Self::election_type, since(1));
        field("topic_partitions", &Self::topic_partitions);
        field("timeout_ms", &Self::timeout_ms);
    }
    bool operator==(Self const&) const = default;
};

struct ElectLeadersResponse {
    using Self = ElectLeadersResponse;
    static constexpr Api api = ElectLeadersRequest::api;

    struct PartitionResult {
        using Self = PartitionResult;
        std::int32_t partition_id = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";

        static constexpr void describe(auto& field) {
            field("partition_id", &Self::partition_id);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
        }
        bool operator==(Self const&) const = default;
    };

    struct ReplicaElectionResult {
        using Self = ReplicaElectionResult;
        std::string topic;
        std::vector<PartitionResult> partition_result;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partition_result", &Self::partition_result);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ReplicaElectionResult> replica_election_results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code, since(1));
        field("replica_election_results", &Self::replica_election_results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
