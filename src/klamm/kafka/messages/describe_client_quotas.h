// kafka/messages/describe_client_quotas.h - DescribeClientQuotas, api key 48.
//
// Describes the quotas of clients, users and addresses (KIP-546).
//
// v1 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeClientQuotas
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeClientQuotasResponse;

struct DescribeClientQuotasRequest {
    using Self = DescribeClientQuotasRequest;
    using Response = DescribeClientQuotasResponse;
    static constexpr Api api{.key = 48, .first = 0, .last = 1, .flexible_from = 1};

    struct ComponentData {
        using Self = ComponentData;
        std::string entity_type;
        std::int8_t match_type = 0;             ///< 0: this name, 1: the default, 2: any name
        std::optional<std::string> match = "";  ///< null: not used by the match type

        static constexpr void describe(auto& field) {
            field("entity_type", &Self::entity_type);
            field("match_type", &Self::match_type);
            field("match", &Self::match);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<ComponentData> components;
    bool strict = false;  ///< leave out what has other entity types too

    static constexpr void describe(auto& field) {
        field("components", &Self::components);
        field("strict", &Self::strict);
    }
    bool operator==(Self const&) const = default;
};

struct DescribeClientQuotasResponse {
    using Self = DescribeClientQuotasResponse;
    static constexpr Api api = DescribeClientQuotasRequest::api;

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

    struct ValueData {
        using Self = ValueData;
        std::string key;
        double value = 0;

        static constexpr void describe(auto& field) {
            field("key", &Self::key);
            field("value", &Self::value);
        }
        bool operator==(Self const&) const = default;
    };

    struct EntryData {
        using Self = EntryData;
        std::vector<EntityData> entity;
        std::vector<ValueData> values;

        static constexpr void describe(auto& field) {
            field("entity", &Self::entity);
            field("values", &Self::values);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::optional<std::vector<EntryData>> entries = std::vector<EntryData>{};

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("entries", &Self::entries);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
