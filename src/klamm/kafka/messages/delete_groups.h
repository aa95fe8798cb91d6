// kafka/messages/delete_groups.h - DeleteGroups, api key 42.
//
// Deletes groups that have no members, with their committed offsets.
//
// v2 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DeleteGroups
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DeleteGroupsResponse;

struct DeleteGroupsRequest {
    using Self = DeleteGroupsRequest;
    using Response = DeleteGroupsResponse;
    static constexpr Api api{.key = 42, .first = 0, .last = 2, .flexible_from = 2};

    std::vector<std::string> groups_names;

    static constexpr void describe(auto& field) { field("groups_names", &Self::groups_names); }
    bool operator==(Self const&) const = default;
};

struct DeleteGroupsResponse {
    using Self = DeleteGroupsResponse;
    static constexpr Api api = DeleteGroupsRequest::api;

    struct DeletableGroupResult {
        using Self = DeletableGroupResult;
        std::string group_id;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("group_id", &Self::group_id);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableGroupResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
