// kafka/messages/create_partitions.h - CreatePartitions, api key 37.
//
// Gives topics more partitions.
//
// v2 is flexible; v3 may answer throttling_quota_exceeded (KIP-599).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_CreatePartitions
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct CreatePartitionsResponse;

struct CreatePartitionsRequest {
    using Self = CreatePartitionsRequest;
    using Response = CreatePartitionsResponse;
    static constexpr Api api{.key = 37, .first = 0, .last = 3, .flexible_from = 2};

    struct CreatePartitionsAssignment {
        using Self = CreatePartitionsAssignment;
        std::vector<std::int32_t> broker_ids;

        static constexpr void describe(auto& field) { field("broker_ids", &Self::broker_ids); }
        bool operator==(Self const&) const = default;
    };

    struct CreatePartitionsTopic {
        using Self = CreatePartitionsTopic;
        std::string name;
        std::int32_t count = 0;  ///< of all partitions, afterwards
        /// null: the broker chooses
        std::optional<std::vector<CreatePartitionsAssignment>> assignments =
            std::vector<CreatePartitionsAssignment>{};

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("count", &Self::count);
            field("assignments", &Self::assignments);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<CreatePartitionsTopic> topics;
    std::int32_t timeout_ms = 0;
    bool validate_only = false;  ///< say what would happen, change nothing

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics);
        field("timeout_ms", &Self::timeout_ms);
        field("validate_only", &Self::validate_only);
    }
    bool operator==(Self const&) const = default;
};

struct CreatePartitionsResponse {
    using Self = CreatePartitionsResponse;
    static constexpr Api api = CreatePartitionsRequest::api;

    struct CreatePartitionsTopicResult {
        using Self = CreatePartitionsTopicResult;
        std::string name;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatePartitionsTopicResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
