// kafka/messages/describe_groups.h - DescribeGroups, api key 15.
//
// Shows groups with their members, what these subscribed to, and what they were assigned.
//
// v1 adds throttle_time_ms; v3 authorized operations (KIP-430); v4 group_instance_id (KIP-345); v5
// is flexible; v6 adds error_message and answers unknown groups with an error (KIP-1043).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeGroups
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeGroupsResponse;

struct DescribeGroupsRequest {
    using Self = DescribeGroupsRequest;
    using Response = DescribeGroupsResponse;
    static constexpr Api api{.key = 15, .first = 0, .last = 6, .flexible_from = 5};

    std::vector<std::string> groups;
    bool include_authorized_operations = false;

    static constexpr void describe(auto& field) {
        field("groups", &Self::groups);
        field("include_authorized_operations", &Self::include_authorized_operations, since(3));
    }
    bool operator==(Self const&) const = default;
};

struct DescribeGroupsResponse {
    using Self = DescribeGroupsResponse;
    static constexpr Api api = DescribeGroupsRequest::api;

    struct DescribedGroupMember {
        using Self = DescribedGroupMember;
        std::string member_id;
        std::optional<std::string> group_instance_id;  ///< null: a dynamic member
        std::string client_id;
        std::string client_host;
        Bytes member_metadata;    ///< empty unless stable
        Bytes member_assignment;  ///< empty unless stable

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("group_instance_id", &Self::group_instance_id, since(4).ignorable());
            field("client_id", &Self::client_id);
            field("client_host", &Self::client_host);
            field("member_metadata", &Self::member_metadata);
            field("member_assignment", &Self::member_assignment);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribedGroup {
        using Self = DescribedGroup;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;  ///< "Stable", "Empty", "Dead", ...
        std::string protocol_type;
        std::string protocol_data;  ///< the protocol in use; empty unless stable
        std::vector<DescribedGroupMember> members;
        /// bit n: operation n is allowed; lowest: not asked for
        std::int32_t authorized_operations = INT32_MIN;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message, since(6));
            field("group_id", &Self::group_id);
            field("group_state", &Self::group_state);
            field("protocol_type", &Self::protocol_type);
            field("protocol_data", &Self::protocol_data);
            field("members", &Self::members);
            field("authorized_operations", &Self::authorized_operations, since(3));
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("groups", &Self::groups);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
