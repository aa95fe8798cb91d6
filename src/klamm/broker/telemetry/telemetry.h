// broker/telemetry/telemetry.h - a push of client metrics on its way through the broker.
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/broker/telemetry/otlp.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/messages/push_telemetry.h"
#include "klamm/records/compression.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace klamm::broker {

inline constexpr std::size_t push_bytes_max = 1024 * 1024;            ///< as it is sent
inline constexpr std::size_t push_plain_bytes_max = 4 * 1024 * 1024;  ///< as it is unpacked
inline constexpr std::array push_codecs{records::Codec::zstd, records::Codec::lz4,
                                        records::Codec::gzip, records::Codec::snappy};

/// What a client told, accepted.
struct ClientPush {
    Uuid client;
    std::string client_id;
    ClientMetrics metrics;
    std::int32_t interval_ms = 0;  ///< when the next one is to be expected
};

/// Unpacks and reads a push, or says why not. Any thread.
[[nodiscard]] std::expected<ClientMetrics, kafka::ErrorCode> unpack(
    kafka::PushTelemetryRequest const& push);

}  // namespace klamm::broker
