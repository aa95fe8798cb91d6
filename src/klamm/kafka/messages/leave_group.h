// kafka/messages/leave_group.h - LeaveGroup, api key 13.
//
// Members leave a classic group, by themselves or removed by an administrator.
//
// v1 adds throttle_time_ms; v3 takes several members at once (KIP-345); v4 is flexible; v5 adds
// reason (KIP-800).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_LeaveGroup
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct LeaveGroupResponse;

struct LeaveGroupRequest {
    using Self = LeaveGroupRequest;
    using Response = LeaveGroupResponse;
    static constexpr Api api{.key = 13, .first = 0, .last = 5, .flexible_from = 4};

    struct MemberIdentity {
        using Self = MemberIdentity;
        std::string member_id;
        std::optional<std::string> group_instance_id;  ///< null: a dynamic member
        std::optional<std::string> reason;

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("group_instance_id", &Self::group_instance_id);
            field("reason", &Self::reason, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    std::string member_id;  ///< the one that leaves
    std::vector<MemberIdentity> members;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("member_id", &Self::member_id, until(2));
        field("members", &Self::members, since(3));
    }
    bool operator==(Self const&) const = default;
};

struct LeaveGroupResponse {
    using Self = LeaveGroupResponse;
    static constexpr Api api = LeaveGroupRequest::api;

    struct MemberResponse {
        using Self = MemberResponse;
        std::string member_id;
        std::optional<std::string> group_instance_id = "";  ///< null: a dynamic member
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("group_instance_id", &Self::group_instance_id);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<MemberResponse> members;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("error_code", &Self::error_code);
        field("members", &Self::members, since(3));
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
