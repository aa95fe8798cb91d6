// kafka/messages/push_telemetry.h - PushTelemetry, api key 72.
//
// A client sends its metrics to the broker (KIP-714).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_PushTelemetry
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>

namespace klamm::kafka {

struct PushTelemetryResponse;

struct PushTelemetryRequest {
    using Self = PushTelemetryRequest;
    using Response = PushTelemetryResponse;
    static constexpr Api api{.key = 72, .first = 0, .last = 0, .flexible_from = 0};

    Uuid client_instance_id;
    std::int32_t subscription_id = 0;
    bool terminating = false;          ///< the last push of this client
    std::int8_t compression_type = 0;  ///< codec as in record batches
    Bytes metrics;                     ///< MetricsData of OpenTelemetry, in Protobuf

    static constexpr void describe(auto& field) {
        field("client_instance_id", &Self::client_instance_id);
        field("subscription_id", &Self::subscription_id);
        field("terminating", &Self::terminating);
        field("compression_type", &Self::compression_type);
        field("metrics", &Self::metrics);
    }
    bool operator==(Self const&) const = default;
};

struct PushTelemetryResponse {
    using Self = PushTelemetryResponse;
    static constexpr Api api = PushTelemetryRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
