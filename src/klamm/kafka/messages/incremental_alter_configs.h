// kafka/messages/incremental_alter_configs.h - IncrementalAlterConfigs, api key 44.
//
// Changes single configs of a resource and leaves the others as they are (KIP-339).
//
// v1 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_IncrementalAlterConfigs
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct IncrementalAlterConfigsResponse;

struct IncrementalAlterConfigsRequest {
    using Self = IncrementalAlterConfigsRequest;
    using Response = IncrementalAlterConfigsResponse;
    static constexpr Api api{.key = 44, .first = 0, .last = 1, .flexible_from = 1};

    struct AlterableConfig {
        using Self = AlterableConfig;
        std::string name;
        std::int8_t config_operation = 0;       ///< 0: set, 1: delete, 2: append, 3: subtract
        std::optional<std::string> value = "";  ///< null: to delete it

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("config_operation", &Self::config_operation);
            field("value", &Self::value);
        }
        bool operator==(Self const&) const = default;
    };

    struct AlterConfigsResource {
        using Self = AlterConfigsResource;
        /// 2: topic, 4: broker, 8: broker logger, 16: client metrics, 32: group
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<AlterableConfig> configs;

        static constexpr void describe(auto& field) {
            field("resource_type", &Self::resource_type);
            field("resource_name", &Self::resource_name);
            field("configs", &Self::configs);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<AlterConfigsResource> resources;
    bool validate_only = false;  ///< say what would happen, change nothing

    static constexpr void describe(auto& field) {
        field("resources", &Self::resources);
        field("validate_only", &Self::validate_only);
    }
    bool operator==(Self const&) const = default;
};

struct IncrementalAlterConfigsResponse {
    using Self = IncrementalAlterConfigsResponse;
    static constexpr Api api = IncrementalAlterConfigsRequest::api;

    struct AlterConfigsResourceResponse {
        using Self = AlterConfigsResourceResponse;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";
        std::int8_t resource_type = 0;
        std::string resource_name;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("resource_type", &Self::resource_type);
            field("resource_name", &Self::resource_name);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterConfigsResourceResponse> responses;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("responses", &Self::responses);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
