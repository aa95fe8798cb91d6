// kafka/messages/list_groups.h - ListGroups, api key 16.
//
// Lists the groups that this broker coordinates.
//
// v1 adds throttle_time_ms; v3 is flexible; v4 adds states (KIP-518); v5 types (KIP-848).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ListGroups
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ListGroupsResponse;

struct ListGroupsRequest {
    using Self = ListGroupsRequest;
    using Response = ListGroupsResponse;
    static constexpr Api api{.key = 16, .first = 0, .last = 5, .flexible_from = 3};

    std::vector<std::string> states_filter;  ///< empty: all
    std::vector<std::string> types_filter;   ///< empty: all

    static constexpr void describe(auto& field) {
        field("states_filter", &Self::states_filter, since(4));
        field("types_filter", &Self::types_filter, since(5));
    }
    bool operator==(Self const&) const = default;
};

struct ListGroupsResponse {
    using Self = ListGroupsResponse;
    static constexpr Api api = ListGroupsRequest::api;

    struct ListedGroup {
        using Self = ListedGroup;
        std::string group_id;
        std::string protocol_type;
        std::string group_state;
        std::string group_type;

        static constexpr void describe(auto& field) {
            field("group_id", &Self::group_id);
            field("protocol_type", &Self::protocol_type);
            field("group_state", &Self::group_state, since(4).ignorable());
            field("group_type", &Self::group_type, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ListedGroup> groups;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("error_code", &Self::error_code);
        field("groups", &Self::groups);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
