// kafka/messages/create_topics.h - CreateTopics, api key 19.
//
// Creates topics.
//
// v4 allows -1 for num_partitions and replication_factor (KIP-464); v5 is flexible and returns the
// configs (KIP-525); v6 may answer throttling_quota_exceeded (KIP-599); v7 returns the topic id.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_CreateTopics
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct CreateTopicsResponse;

struct CreateTopicsRequest {
    using Self = CreateTopicsRequest;
    using Response = CreateTopicsResponse;
    static constexpr Api api{.key = 19, .first = 2, .last = 7, .flexible_from = 5};

    struct CreatableReplicaAssignment {
        using Self = CreatableReplicaAssignment;
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> broker_ids;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("broker_ids", &Self::broker_ids);
        }
        bool operator==(Self const&) const = default;
    };

    struct CreatableTopicConfig {
        using Self = CreatableTopicConfig;
        std::string name;
        std::optional<std::string> value = "";

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("value", &Self::value);
        }
        bool operator==(Self const&) const = default;
    };

    struct CreatableTopic {
        using Self = CreatableTopic;
        std::string name;
        std::int32_t num_partitions = 0;  ///< -1: as the broker is configured, or as assigned
        /// -1: as the broker is configured, or as assigned
        std::int16_t replication_factor = 0;
        std::vector<CreatableReplicaAssignment> assignments;  ///< empty: the broker chooses
        std::vector<CreatableTopicConfig> configs;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("num_partitions", &Self::num_partitions);
            field("replication_factor", &Self::replication_factor);
            field("assignments", &Self::assignments);
            field("configs", &Self::configs);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<CreatableTopic> topics;
    std::int32_t timeout_ms = 60000;
    bool validate_only = false;  ///< say what would happen, create nothing

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics);
        field("timeout_ms", &Self::timeout_ms);
        field("validate_only", &Self::validate_only);
    }
    bool operator==(Self const&) const = default;
};

struct CreateTopicsResponse {
    using Self = CreateTopicsResponse;
    static constexpr Api api = CreateTopicsRequest::api;

    struct CreatableTopicConfigs {
        using Self = CreatableTopicConfigs;
        std::string name;
        std::optional<std::string> value = "";
        bool read_only = false;
        std::int8_t config_source = -1;  ///< see DescribeConfigsResourceResult
        bool is_sensitive = false;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("value", &Self::value);
            field("read_only", &Self::read_only);
            field("config_source", &Self::config_source);
            field("is_sensitive", &Self::is_sensitive);
        }
        bool operator==(Self const&) const = default;
    };

    struct CreatableTopicResult {
        using Self = CreatableTopicResult;
        std::string name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";
        ErrorCode topic_config_error_code = ErrorCode::none;  ///< why configs is null
        std::int32_t num_partitions = -1;                     ///< -1: not known
        std::int16_t replication_factor = -1;                 ///< -1: not known
        std::optional<std::vector<CreatableTopicConfigs>> configs =
            std::vector<CreatableTopicConfigs>{};

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("topic_id", &Self::topic_id, since(7).ignorable());
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("topic_config_error_code", &Self::topic_config_error_code,
                  since(5).tag(0).ignorable());
            field("num_partitions", &Self::num_partitions, since(5).ignorable());
            field("replication_factor", &Self::replication_factor, since(5).ignorable());
            field("configs", &Self::configs, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatableTopicResult> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
