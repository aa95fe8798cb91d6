// kafka/messages/describe_cluster.h - DescribeCluster, api key 60.
//
// Names the brokers of the cluster (KIP-700).
//
// v1 adds endpoint_type (KIP-919); v2 fenced brokers (KIP-1073).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeCluster
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeClusterResponse;

struct DescribeClusterRequest {
    using Self = DescribeClusterRequest;
    using Response = DescribeClusterResponse;
    static constexpr Api api{.key = 60, .first = 0, .last = 2, .flexible_from = 0};

    bool include_cluster_authorized_operations = false;
    std::int8_t endpoint_type = 1;  ///< 1: brokers, 2: controllers
    bool include_fenced_brokers = false;

    static constexpr void describe(auto& field) {
        field("include_cluster_authorized_operations",
              &Self::include_cluster_authorized_operations);
        field("endpoint_type", &Self::endpoint_type, since(1));
        field("include_fenced_brokers", &Self::include_fenced_brokers, since(2));
    }
    bool operator==(Self const&) const = default;
};

struct DescribeClusterResponse {
    using Self = DescribeClusterResponse;
    static constexpr Api api = DescribeClusterRequest::api;

    struct DescribeClusterBroker {
        using Self = DescribeClusterBroker;
        std::int32_t broker_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;
        bool is_fenced = false;  ///< alive, but leads nothing

        static constexpr void describe(auto& field) {
            field("broker_id", &Self::broker_id);
            field("host", &Self::host);
            field("port", &Self::port);
            field("rack", &Self::rack);
            field("is_fenced", &Self::is_fenced, since(2));
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::optional<std::string> error_message;
    std::int8_t endpoint_type = 1;  ///< 1: brokers, 2: controllers
    std::string cluster_id;
    std::int32_t controller_id = -1;  ///< -1: not known
    std::vector<DescribeClusterBroker> brokers;
    /// bit n: operation n is allowed; lowest: not asked for
    std::int32_t cluster_authorized_operations = INT32_MIN;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("error_message", &Self::error_message);
        field("endpoint_type", &Self::endpoint_type, since(1));
        field("cluster_id", &Self::cluster_id);
        field("controller_id", &Self::controller_id);
        field("brokers", &Self::brokers);
        field("cluster_authorized_operations", &Self::cluster_authorized_operations);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
