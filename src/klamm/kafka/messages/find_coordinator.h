// kafka/messages/find_coordinator.h - FindCoordinator, api key 10.
//
// Finds the broker that coordinates a group or a transactional id.
//
// v1 adds key_type and error_message; v3 is flexible; v4 asks for several keys at once (KIP-699);
// v5 and v6 change only which errors and key types may occur (KIP-890, KIP-932).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_FindCoordinator
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct FindCoordinatorResponse;

struct FindCoordinatorRequest {
    using Self = FindCoordinatorRequest;
    using Response = FindCoordinatorResponse;
    static constexpr Api api{.key = 10, .first = 0, .last = 6, .flexible_from = 3};

    std::string key;           ///< group id or transactional id
    std::int8_t key_type = 0;  ///< 0: group, 1: transactional id, 2: share group
    std::vector<std::string> coordinator_keys;

    static constexpr void describe(auto& field) {
        field("key", &Self::key, until(3));
        field("key_type", &Self::key_type, since(1));
        field("coordinator_keys", &Self::coordinator_keys, since(4));
    }
    bool operator==(Self const&) const = default;
};

struct FindCoordinatorResponse {
    using Self = FindCoordinatorResponse;
    static constexpr Api api = FindCoordinatorRequest::api;

    struct Coordinator {
        using Self = Coordinator;
        std::string key;
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";

        static constexpr void describe(auto& field) {
            field("key", &Self::key);
            field("node_id", &Self::node_id);
            field("host", &Self::host);
            field("port", &Self::port);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::vector<Coordinator> coordinators;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("error_code", &Self::error_code, until(3));
        field("error_message", &Self::error_message, between(1, 3).ignorable());
        field("node_id", &Self::node_id, until(3));
        field("host", &Self::host, until(3));
        field("port", &Self::port, until(3));
        field("coordinators", &Self::coordinators, since(4));
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
