// kafka/messages/join_group.h - JoinGroup, api key 11.
//
// A client becomes a member of a classic group. The response comes when all have joined: the leader
// learns all members and computes who gets what; see SyncGroup.
//
// v1 adds rebalance_timeout_ms; v2 throttle_time_ms; from v4 on a member without an id is given one
// and must ask again (KIP-394); v5 adds group_instance_id (KIP-345); v6 is flexible; v7
// protocol_type in the response (KIP-559); v8 reason (KIP-800); v9 skip_assignment (KIP-814).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_JoinGroup
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct JoinGroupResponse;

struct JoinGroupRequest {
    using Self = JoinGroupRequest;
    using Response = JoinGroupResponse;
    static constexpr Api api{.key = 11, .first = 0, .last = 9, .flexible_from = 6};

    struct JoinGroupRequestProtocol {
        using Self = JoinGroupRequestProtocol;
        std::string name;
        Bytes metadata;  ///< what it subscribes to; opaque to the broker

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("metadata", &Self::metadata);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = -1;           ///< -1: take session_timeout_ms
    std::string member_id;                            ///< empty: not a member yet
    std::optional<std::string> group_instance_id;     ///< null: a dynamic member
    std::string protocol_type;                        ///< "consumer" for consumers
    std::vector<JoinGroupRequestProtocol> protocols;  ///< the ones it can use, best first
    std::optional<std::string> reason;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("session_timeout_ms", &Self::session_timeout_ms);
        field("rebalance_timeout_ms", &Self::rebalance_timeout_ms, since(1).ignorable());
        field("member_id", &Self::member_id);
        field("group_instance_id", &Self::group_instance_id, since(5));
        field("protocol_type", &Self::protocol_type);
        field("protocols", &Self::protocols);
        field("reason", &Self::reason, since(8).ignorable());
    }
    bool operator==(Self const&) const = default;
};

struct JoinGroupResponse {
    using Self = JoinGroupResponse;
    static constexpr Api api = JoinGroupRequest::api;

    struct JoinGroupResponseMember {
        using Self = JoinGroupResponseMember;
        std::string member_id;
        std::optional<std::string> group_instance_id;  ///< null: a dynamic member
        Bytes metadata;

        static constexpr void describe(auto& field) {
            field("member_id", &Self::member_id);
            field("group_instance_id", &Self::group_instance_id, since(5).ignorable());
            field("metadata", &Self::metadata);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int32_t generation_id = -1;  ///< -1: error
    std::optional<std::string> protocol_type;
    std::optional<std::string> protocol_name = "";
    std::string leader;            ///< its member id
    bool skip_assignment = false;  ///< a static leader came back; the assignment stands
    std::string member_id;
    std::vector<JoinGroupResponseMember> members;  ///< only the leader is told

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(2).ignorable());
        field("error_code", &Self::error_code);
        field("generation_id", &Self::generation_id);
        field("protocol_type", &Self::protocol_type, since(7).ignorable());
        field("protocol_name", &Self::protocol_name, always.nullable_since(7));
        field("leader", &Self::leader);
        field("skip_assignment", &Self::skip_assignment, since(9));
        field("member_id", &Self::member_id);
        field("members", &Self::members);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
