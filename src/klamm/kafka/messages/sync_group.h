// kafka/messages/sync_group.h - SyncGroup, api key 14.
//
// The leader hands in the assignment of all members; each member waits for its own.
//
// v1 adds throttle_time_ms; v3 group_instance_id (KIP-345); v4 is flexible; v5 protocol_type and
// protocol_name, so that a mistaken member is told (KIP-559).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_SyncGroup
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct SyncGroupResponse;

struct SyncGroupRequest {
    using Self = SyncGroupRequest;
    using Response = SyncGroupResponse;
    static constexpr Api api{.key = 14, .first = 0, .last = 5, .flexible_from = 4};

    struct SyncGroupRequestAssignment {
        using Self = SyncGroupRequestAssignment;
        std::string member_id;
        Bytes assignment;  ///< opaque to the broker

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("assignment", &Self::assignment);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    std::int32_t generation_id = 0;
    std::string member_id;
    std::optional<std::string> group_instance_id;  ///< null: a dynamic member
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    std::vector<SyncGroupRequestAssignment> assignments;  ///< only the leader sends them

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("generation_id", &Self::generation_id);
        field("member_id", &Self::member_id);
        field("group_instance_id", &Self::group_instance_id, since(3));
        field("protocol_type", &Self::protocol_type, since(5).ignorable());
        field("protocol_name", &Self::protocol_name, since(5).ignorable());
        field("assignments", &Self::assignments);
    }
    bool operator==(Self const&) const = default;
};

struct SyncGroupResponse {
    using Self = SyncGroupResponse;
    static constexpr Api api = SyncGroupRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name;
    Bytes assignment;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("error_code", &Self::error_code);
        field("protocol_type", &Self::protocol_type, since(5).ignorable());
        field("protocol_name", &Self::protocol_name, since(5).ignorable());
        field("assignment", &Self::assignment);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
