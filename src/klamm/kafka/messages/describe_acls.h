// kafka/messages/describe_acls.h - DescribeAcls, api key 29.
//
// Lists the access rules that match a filter.
//
// v0 was removed in Kafka 4.0; v2 is flexible; v3 adds the resource type user.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeAcls
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeAclsResponse;

struct DescribeAclsRequest {
    using Self = DescribeAclsRequest;
    using Response = DescribeAclsResponse;
    static constexpr Api api{.key = 29, .first = 1, .last = 3, .flexible_from = 2};

    std::int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter = "";  ///< null: any
    std::int8_t pattern_type_filter = 3;  ///< 1: any, 2: match, 3: literal, 4: prefixed
    std::optional<std::string> principal_filter = "";  ///< null: any
    std::optional<std::string> host_filter = "";       ///< null: any
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    static constexpr void describe(auto& field) {
        field("resource_type_filter", &Self::resource_type_filter);
        field("resource_name_filter", &Self::resource_name_filter);
        field("pattern_type_filter", &Self::pattern_type_filter);
        field("principal_filter", &Self::principal_filter);
        field("host_filter", &Self::host_filter);
        field("operation", &Self::operation);
        field("permission_type", &Self::permission_type);
    }
    bool operator==(Self const&) const = default;
};

struct DescribeAclsResponse {
    using Self = DescribeAclsResponse;
    static constexpr Api api = DescribeAclsRequest::api;

    struct AclDescription {
        using Self = AclDescription;
        std::string principal;
        std::string host;
        std::int8_t operation = 0;
        std::int8_t permission_type = 0;

        static constexpr void describe(auto& field) {
            field("principal", &Self::principal);
            field("host", &Self::host);
            field("operation", &Self::operation);
            field("permission_type", &Self::permission_type);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeAclsResource {
        using Self = DescribeAclsResource;
        std::int8_t resource_type = 0;
        std::string resource_name;
        std::int8_t pattern_type = 3;
        std::vector<AclDescription> acls;

        static constexpr void describe(auto& field) {
            field("resource_type", &Self::resource_type);
            field("resource_name", &Self::resource_name);
            field("pattern_type", &Self::pattern_type);
            field("acls", &Self::acls);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message = "";
    std::vector<DescribeAclsResource> resources;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("resources", &Self::resources);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
