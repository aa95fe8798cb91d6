// kafka/messages/consumer_group_describe.h - ConsumerGroupDescribe, api key 69.
//
// Describes groups of the consumer protocol (KIP-848).
//
// v1 adds member_type (KIP-1099).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ConsumerGroupDescribe
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ConsumerGroupDescribeResponse;

struct ConsumerGroupDescribeRequest {
    using Self = ConsumerGroupDescribeRequest;
    using Response = ConsumerGroupDescribeResponse;
    static constexpr Api api{.key = 69, .first = 0, .last = 1, .flexible_from = 0};

    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;

    static constexpr void describe(auto& field) {
        field("group_ids", &Self::group_ids);
        field("include_authorized_operations", &Self::include_authorized_operations);
    }
    bool operator==(Self const&) const = default;
};

struct ConsumerGroupDescribeResponse {
    using Self = ConsumerGroupDescribeResponse;
    static constexpr Api api = ConsumerGroupDescribeRequest::api;

    struct TopicPartitions {
        using Self = TopicPartitions;
        Uuid topic_id;
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic_id", &Self::topic_id);
            field("topic_name", &Self::topic_name);
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

    struct Member {
        using Self = Member;
        std::string member_id;
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::int32_t member_epoch = 0;
        std::string client_id;
        std::string client_host;
        std::vector<std::string> subscribed_topic_names;
        std::optional<std::string> subscribed_topic_regex;
        Assignment assignment;
        Assignment target_assignment;
        std::int8_t member_type = -1;  ///< -1: not known, 0: classic, 1: consumer

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("instance_id", &Self::instance_id);
            field("rack_id", &Self::rack_id);
            field("member_epoch", &Self::member_epoch);
            field("client_id", &Self::client_id);
            field("client_host", &Self::client_host);
            field("subscribed_topic_names", &Self::subscribed_topic_names);
            field("subscribed_topic_regex", &Self::subscribed_topic_regex);
            field("assignment", &Self::assignment);
            field("target_assignment", &Self::target_assignment);
            field("member_type", &Self::member_type, since(1).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribedGroup {
        using Self = DescribedGroup;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch = 0;
        std::int32_t assignment_epoch = 0;
        std::string assignor_name;
        std::vector<Member> members;
        /// bits; the lowest number: not asked for
        std::int32_t authorized_operations = INT32_MIN;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("group_id", &Self::group_id);
            field("group_state", &Self::group_state);
            field("group_epoch", &Self::group_epoch);
            field("assignment_epoch", &Self::assignment_epoch);
            field("assignor_name", &Self::assignor_name);
            field("members", &Self::members);
            field("authorized_operations", &Self::authorized_operations);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("groups", &Self::groups);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
