// kafka/messages/consumer_group_heartbeat.h - ConsumerGroupHeartbeat, api key 68.
//
// A member of a group of the consumer protocol (KIP-848) joins, stays, says what changed, and
// leaves; it learns its epoch and its partitions.
//
// v1 adds subscribed_topic_regex, and the member chooses its id itself (KIP-1082).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ConsumerGroupHeartbeat
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ConsumerGroupHeartbeatResponse;

struct ConsumerGroupHeartbeatRequest {
    using Self = ConsumerGroupHeartbeatRequest;
    using Response = ConsumerGroupHeartbeatResponse;
    static constexpr Api api{.key = 68, .first = 0, .last = 1, .flexible_from = 0};

    struct TopicPartitions {
        using Self = TopicPartitions;
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic_id", &Self::topic_id);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    std::string member_id;
    /// 0: joins, -1: leaves, -2: leaves as a static member that comes back
    std::int32_t member_epoch = 0;
    std::optional<std::string> instance_id;                          ///< null: none, or as before
    std::optional<std::string> rack_id;                              ///< null: none, or as before
    std::int32_t rebalance_timeout_ms = -1;                          ///< -1: as before
    std::optional<std::vector<std::string>> subscribed_topic_names;  ///< null: as before
    std::optional<std::string> subscribed_topic_regex;               ///< null: as before
    std::optional<std::string> server_assignor;                      ///< null: none, or as before
    /// that it owns; null: as before
    std::optional<std::vector<TopicPartitions>> topic_partitions;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("member_id", &Self::member_id);
        field("member_epoch", &Self::member_epoch);
        field("instance_id", &Self::instance_id);
        field("rack_id", &Self::rack_id);
        field("rebalance_timeout_ms", &Self::rebalance_timeout_ms);
        field("subscribed_topic_names", &Self::subscribed_topic_names);
        field("subscribed_topic_regex", &Self::subscribed_topic_regex, since(1));
        field("server_assignor", &Self::server_assignor);
        field("topic_partitions", &Self::topic_partitions);
    }
    bool operator==(Self const&) const = default;
};

struct ConsumerGroupHeartbeatResponse {
    using Self = ConsumerGroupHeartbeatResponse;
    static constexpr Api api = ConsumerGroupHeartbeatRequest::api;

    struct TopicPartitions {
        using Self = TopicPartitions;
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic_id", &Self::topic_id);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct Assignment {
        using Self = Assignment;
        std::vector<TopicPartitions> topic_partitions;

        static constexpr void describe(auto& field) {
            field("topic_partitions", &Self::topic_partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = 0;
    std::int32_t heartbeat_interval_ms = 0;
    std::optional<Assignment> assignment;  ///< null: as before

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("member_id", &Self::member_id);
        field("member_epoch", &Self::member_epoch);
        field("heartbeat_interval_ms", &Self::heartbeat_interval_ms);
        field("assignment", &Self::assignment);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
