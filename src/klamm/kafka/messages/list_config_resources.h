// kafka/messages/list_config_resources.h - ListConfigResources, api key 74.
//
// Lists what has configs.
//
// In v0 it is ListClientMetricsResources and lists those of type client metrics only; v1 adds types
// (KIP-1142).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ListConfigResources
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ListConfigResourcesResponse;

struct ListConfigResourcesRequest {
    using Self = ListConfigResourcesRequest;
    using Response = ListConfigResourcesResponse;
    static constexpr Api api{.key = 74, .first = 0, .last = 1, .flexible_from = 0};

    std::vector<std::int8_t> resource_types;  ///< empty: all

    static constexpr void describe(auto& field) {
        field("resource_types", &Self::resource_types, since(1));
    }
    bool operator==(Self const&) const = default;
};

struct ListConfigResourcesResponse {
    using Self = ListConfigResourcesResponse;
    static constexpr Api api = ListConfigResourcesRequest::api;

    struct ConfigResource {
        using Self = ConfigResource;
        std::string resource_name;
        std::int8_t resource_type = 16;  ///< 2: topic, 4: broker, 16: client metrics, 32: group

        static constexpr void describe(auto& field) {
            field("resource_name", &Self::resource_name);
            field("resource_type", &Self::resource_type, since(1).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<ConfigResource> config_resources;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("config_resources", &Self::config_resources);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
