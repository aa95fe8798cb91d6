// kafka/messages/list_partition_reassignments.h - ListPartitionReassignments, api key 46.
//
// Lists the moves of replicas that are under way (KIP-455).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ListPartitionReassignments
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ListPartitionReassignmentsResponse;

struct ListPartitionReassignmentsRequest {
    using Self = ListPartitionReassignmentsRequest;
    using Response = ListPartitionReassignmentsResponse;
    static constexpr Api api{.key = 46, .first = 0, .last = 0, .flexible_from = 0};

    struct ListPartitionReassignmentsTopics {
        using Self = ListPartitionReassignmentsTopics;
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partition_indexes", &Self::partition_indexes);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t timeout_ms = 60000;
    std::optional<std::vector<ListPartitionReassignmentsTopics>> topics;  ///< null: all

    static constexpr void describe(auto& field) {
        field("timeout_ms", &Self::timeout_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct ListPartitionReassignmentsResponse {
    using Self = ListPartitionReassignmentsResponse;
    static constexpr Api api = ListPartitionReassignmentsRequest::api;

    struct OngoingPartitionReassignment {
        using Self = OngoingPartitionReassignment;
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> replicas;
        std::vector<std::int32_t> adding_replicas;
        std::vector<std::int32_t> removing_replicas;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("replicas", &Self::replicas);
            field("adding_replicas", &Self::adding_replicas);
            field("removing_replicas", &Self::removing_replicas);
        }
        bool operator==(Self const&) const = default;
    };

    struct OngoingTopicReassignment {
        using Self = OngoingTopicReassignment;
        std::string name;
        std::vector<OngoingPartitionReassignment> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<OngoingTopicReassignment> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
