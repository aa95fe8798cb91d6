// kafka/messages/get_telemetry_subscriptions.h - GetTelemetrySubscriptions, api key 71.
//
// A client asks which of its metrics the broker wants (KIP-714).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_GetTelemetrySubscriptions
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct GetTelemetrySubscriptionsResponse;

struct GetTelemetrySubscriptionsRequest {
    using Self = GetTelemetrySubscriptionsRequest;
    using Response = GetTelemetrySubscriptionsResponse;
    static constexpr Api api{.key = 71, .first = 0, .last = 0, .flexible_from = 0};

    Uuid client_instance_id;  ///< zero: none yet

    static constexpr void describe(auto& field) {
        field("client_instance_id", &Self::client_instance_id);
    }
    bool operator==(Self const&) const = default;
};

struct GetTelemetrySubscriptionsResponse {
    using Self = GetTelemetrySubscriptionsResponse;
    static constexpr Api api = GetTelemetrySubscriptionsRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    Uuid client_instance_id;  ///< the one that the request has, or a new one
    std::int32_t subscription_id = 0;
    /// codecs as in record batches; the best first
    std::vector<std::int8_t> accepted_compression_types;
    std::int32_t push_interval_ms = 0;
    std::int32_t telemetry_max_bytes = 0;
    bool delta_temporality = false;              ///< counters as differences to the last push
    std::vector<std::string> requested_metrics;  ///< prefixes; none: no metrics, "": all

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("client_instance_id", &Self::client_instance_id);
        field("subscription_id", &Self::subscription_id);
        field("accepted_compression_types", &Self::accepted_compression_types);
        field("push_interval_ms", &Self::push_interval_ms);
        field("telemetry_max_bytes", &Self::telemetry_max_bytes);
        field("delta_temporality", &Self::delta_temporality);
        field("requested_metrics", &Self::requested_metrics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
