// kafka/messages/api_versions.h - ApiVersions, api key 18.
//
// A client asks which APIs and versions the broker speaks: the first request on most connections.
// To a version that it does not know the broker answers in version 0, with error 35 and its list.
// The response header never has tagged fields, so that a client can read it before it knows.
//
// v1 adds throttle_time_ms; v3 is flexible, adds the client's name and the features (KIP-511,
// KIP-584); v4 allows features whose lowest version is 0.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ApiVersions
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ApiVersionsResponse;

struct ApiVersionsRequest {
    using Self = ApiVersionsRequest;
    using Response = ApiVersionsResponse;
    static constexpr Api api{.key = 18, .first = 0, .last = 4, .flexible_from = 3};

    std::string client_software_name;
    std::string client_software_version;

    static constexpr void describe(auto& field) {
        field("client_software_name", &Self::client_software_name, since(3).ignorable());
        field("client_software_version", &Self::client_software_version, since(3).ignorable());
    }
    bool operator==(Self const&) const = default;
};

struct ApiVersionsResponse {
    using Self = ApiVersionsResponse;
    static constexpr Api api = ApiVersionsRequest::api;

    struct ApiVersion {
        using Self = ApiVersion;
        std::int16_t api_key = 0;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        static constexpr void describe(auto& field) {
            field("api_key", &Self::api_key);
            field("min_version", &Self::min_version);
            field("max_version", &Self::max_version);
        }
        bool operator==(Self const&) const = default;
    };

    struct SupportedFeatureKey {
        using Self = SupportedFeatureKey;
        std::string name;
        std::int16_t min_version = 0;
        std::int16_t max_version = 0;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("min_version", &Self::min_version);
            field("max_version", &Self::max_version);
        }
        bool operator==(Self const&) const = default;
    };

    struct FinalizedFeatureKey {
        using Self = FinalizedFeatureKey;
        std::string name;
        std::int16_t max_version_level = 0;
        std::int16_t min_version_level = 0;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("max_version_level", &Self::max_version_level);
            field("min_version_level", &Self::min_version_level);
        }
        bool operator==(Self const&) const = default;
    };

    ErrorCode error_code = ErrorCode::none;
    std::vector<ApiVersion> api_keys;
    std::int32_t throttle_time_ms = 0;
    std::vector<SupportedFeatureKey> supported_features;
    std::int64_t finalized_features_epoch = -1;  ///< -1: not known
    std::vector<FinalizedFeatureKey> finalized_features;
    bool zk_migration_ready = false;  ///< of no use since Kafka 4.0

    static constexpr void describe(auto& field) {
        field("error_code", &Self::error_code);
        field("api_keys", &Self::api_keys);
        field("throttle_time_ms", &Self::throttle_time_ms, since(1).ignorable());
        field("supported_features", &Self::supported_features, since(3).tag(0).ignorable());
        field("finalized_features_epoch", &Self::finalized_features_epoch,
              since(3).tag(1).ignorable());
        field("finalized_features", &Self::finalized_features, since(3).tag(2).ignorable());
        field("zk_migration_ready", &Self::zk_migration_ready, since(3).tag(3).ignorable());
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
