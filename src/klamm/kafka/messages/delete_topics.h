// kafka/messages/delete_topics.h - DeleteTopics, api key 20.
//
// Deletes topics.
//
// v4 is flexible; v5 adds error_message (KIP-599); v6 names topics by name or id (KIP-516).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DeleteTopics
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DeleteTopicsResponse;

struct DeleteTopicsRequest {
    using Self = DeleteTopicsRequest;
    using Response = DeleteTopicsResponse;
    static constexpr Api api{.key = 20, .first = 1, .last = 6, .flexible_from = 4};

    struct DeleteTopicState {
        using Self = DeleteTopicState;
        std::optional<std::string> name;  ///< null: topic_id says which
        Uuid topic_id;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("topic_id", &Self::topic_id);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<DeleteTopicState> topics;
    std::vector<std::string> topic_names;
    std::int32_t timeout_ms = 0;

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics, since(6));
        field("topic_names", &Self::topic_names, until(5).ignorable());
        field("timeout_ms", &Self::timeout_ms);
    }
    bool operator==(Self const&) const = default;
};

struct DeleteTopicsResponse {
    using Self = DeleteTopicsResponse;
    static constexpr Api api = DeleteTopicsRequest::api;

    struct DeletableTopicResult {
        using Self = DeletableTopicResult;
        std::optional<std::string> name = "";  ///< null: asked for by an id that no topic has
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, always.nullable_since(6));
            field("topic_id", &Self::topic_id, since(6).ignorable());
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableTopicResult> responses;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("responses", &Self::responses);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
