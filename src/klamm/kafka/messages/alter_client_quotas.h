// kafka/messages/alter_client_quotas.h - AlterClientQuotas, api key 49.
//
// Changes the quotas of clients, users and addresses (KIP-546).
//
// v1 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_AlterClientQuotas
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct AlterClientQuotasResponse;

struct AlterClientQuotasRequest {
    using Self = AlterClientQuotasRequest;
    using Response = AlterClientQuotasResponse;
    static constexpr Api api{.key = 49, .first = 0, .last = 1, .flexible_from = 1};

    struct EntityData {
        using Self = EntityData;
        std::string entity_type;
        std::optional<std::string> entity_name = "";  ///< null: the default

        static constexpr void describe(auto& field) {
            field("entity_type", &Self::entity_type);
            field("entity_name", &Self::entity_name);
        }
        bool operator==(Self const&) const = default;
    };

    struct OpData {
        using Self = OpData;
        std::string key;
        double value = 0;  ///< not looked at when remove
        bool remove = false;

        static constexpr void describe(auto& field) {
            field("key", &Self::key);
            field("value", &Self::value);
            field("remove", &Self::remove);
        }
        bool operator==(Self const&) const = default;
    };

    struct EntryData {
        using Self = EntryData;
        std::vector<EntityData> entity;
        std::vector<OpData> ops;

        static constexpr void describe(auto& field) {
            field("entity", &Self::entity);
            field("ops", &Self::ops);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<EntryData> entries;
    bool validate_only = false;

    static constexpr void describe(auto& field) {
        field("entries", &Self::entries);
        field("validate_only", &Self::validate_only);
    }
    bool operator==(Self const&) const = default;
};

struct AlterClientQuotasResponse {
    using Self = AlterClientQuotasResponse;
    static constexpr Api api = AlterClientQuotasRequest::api;

    struct EntityData {
        using Self = EntityData;
        std::string entity_type;
        std::optional<std::string> entity_name = "";  ///< null: the default

        static constexpr void describe(auto& field) {
            field("entity_type", &Self::entity_type);
            field("entity_name", &Self::entity_name);
        }
        bool operator==(Self const&) const = default;
    };

    struct EntryData {
        using Self = EntryData;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";
        std::vector<EntityData> entity;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("entity", &Self::entity);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<EntryData> entries;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("entries", &Self::entries);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
