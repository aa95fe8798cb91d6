// kafka/messages/describe_topic_partitions.h - DescribeTopicPartitions, api key 75.
//
// Describes topics page by page (KIP-966).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeTopicPartitions
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeTopicPartitionsResponse;

struct DescribeTopicPartitionsRequest {
    using Self = DescribeTopicPartitionsRequest;
    using Response = DescribeTopicPartitionsResponse;
    static constexpr Api api{.key = 75, .first = 0, .last = 0, .flexible_from = 0};

    struct TopicRequest {
        using Self = TopicRequest;
        std::string name;

        static constexpr void describe(auto& field) { field("name", &Self::name); }
        bool operator==(Self const&) const = default;
    };

    struct Cursor {
        using Self = Cursor;
        std::string topic_name;
        std::int32_t partition_index = 0;

        static constexpr void describe(auto& field) {
            field("topic_name", &Self::topic_name);
            field("partition_index", &Self::partition_index);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<TopicRequest> topics;              ///< empty: all
    std::int32_t response_partition_limit = 2000;  ///< how many partitions a page may have
    std::optional<Cursor> cursor;                  ///< where to go on; null: from the start

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics);
        field("response_partition_limit", &Self::response_partition_limit);
        field("cursor", &Self::cursor);
    }
    bool operator==(Self const&) const = default;
};

struct DescribeTopicPartitionsResponse {
    using Self = DescribeTopicPartitionsResponse;
    static constexpr Api api = DescribeTopicPartitionsRequest::api;

    struct DescribeTopicPartitionsResponsePartition {
        using Self = DescribeTopicPartitionsResponsePartition;
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
        std::optional<std::vector<std::int32_t>> last_known_elr;
        std::vector<std::int32_t> offline_replicas;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("partition_index", &Self::partition_index);
            field("leader_id", &Self::leader_id);
            field("leader_epoch", &Self::leader_epoch);
            field("replica_nodes", &Self::replica_nodes);
            field("isr_nodes", &Self::isr_nodes);
            field("eligible_leader_replicas", &Self::eligible_leader_replicas);
            field("last_known_elr", &Self::last_known_elr);
            field("offline_replicas", &Self::offline_replicas);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeTopicPartitionsResponseTopic {
        using Self = DescribeTopicPartitionsResponseTopic;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name = "";
        Uuid topic_id;
        bool is_internal = false;
        std::vector<DescribeTopicPartitionsResponsePartition> partitions;
        /// bit n: operation n is allowed; lowest: not asked for
        std::int32_t topic_authorized_operations = INT32_MIN;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("name", &Self::name);
            field("topic_id", &Self::topic_id);
            field("is_internal", &Self::is_internal);
            field("partitions", &Self::partitions);
            field("topic_authorized_operations", &Self::topic_authorized_operations);
        }
        bool operator==(Self const&) const = default;
    };

    struct Cursor {
        using Self = Cursor;
        std::string topic_name;
        std::int32_t partition_index = 0;

        static constexpr void describe(auto& field) {
            field("topic_name", &Self::topic_name);
            field("partition_index", &Self::partition_index);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribeTopicPartitionsResponseTopic> topics;
    std::optional<Cursor> next_cursor;  ///< null: that was all

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
        field("next_cursor", &Self::next_cursor);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
