// kafka/messages/describe_configs.h - DescribeConfigs, api key 32.
//
// Shows the configs of topics, brokers and groups, with where each value comes from.
//
// v3 adds config_type and documentation (KIP-569); v4 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeConfigs
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeConfigsResponse;

struct DescribeConfigsRequest {
    using Self = DescribeConfigsRequest;
    using Response = DescribeConfigsResponse;
    static constexpr Api api{.key = 32, .first = 1, .last = 4, .flexible_from = 4};

    struct DescribeConfigsResource {
        using Self = DescribeConfigsResource;
        /// 2: topic, 4: broker, 8: broker logger, 16: client metrics, 32: group
        std::int8_t resource_type = 0;
        std::string resource_name;
        /// null: all
        std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>{};

        static constexpr void describe(auto& field) {
            field("resource_type", &Self::resource_type);
            field("resource_name", &Self::resource_name);
            field("configuration_keys", &Self::configuration_keys);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<DescribeConfigsResource> resources;
    bool include_synonyms = false;
    bool include_documentation = false;

    static constexpr void describe(auto& field) {
        field("resources", &Self::resources);
        field("include_synonyms", &Self::include_synonyms);
        field("include_documentation", &Self::include_documentation, since(3));
    }
    bool operator==(Self const&) const = default;
};

struct DescribeConfigsResponse {
    using Self = DescribeConfigsResponse;
    static constexpr Api api = DescribeConfigsRequest::api;

    struct DescribeConfigsSynonym {
        using Self = DescribeConfigsSynonym;
        std::string name;
        std::optional<std::string> value = "";
        std::int8_t source = 0;  ///< as config_source

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("value", &Self::value);
            field("source", &Self::source);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeConfigsResourceResult {
        using Self = DescribeConfigsResourceResult;
        std::string name;
        std::optional<std::string> value = "";  ///< null: sensitive, or none
        bool read_only = false;
        /// 1: topic, 2: this broker, 3: all brokers, 4: file, 5: default
        std::int8_t config_source = -1;
        bool is_sensitive = false;
        /// where the value would come from, best first
        std::vector<DescribeConfigsSynonym> synonyms;
        /// 1: boolean, 2: string, 3: int, 4: short, 5: long, 6: double, 7: list, 8: class, 9:
        /// password
        std::int8_t config_type = 0;
        std::optional<std::string> documentation = "";

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("value", &Self::value);
            field("read_only", &Self::read_only);
            field("config_source", &Self::config_source);
            field("is_sensitive", &Self::is_sensitive);
            field("synonyms", &Self::synonyms);
            field("config_type", &Self::config_type, since(3).ignorable());
            field("documentation", &Self::documentation, since(3).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeConfigsResult {
        using Self = DescribeConfigsResult;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message = "";
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::vector<DescribeConfigsResourceResult> configs;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("resource_type", &Self::resource_type);
            field("resource_name", &Self::resource_name);
            field("configs", &Self::configs);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribeConfigsResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
