#include "klamm/broker/telemetry/telemetry.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;
using records::Codec;

std::expected<ClientMetrics, ErrorCode> unpack(kafka::PushTelemetryRequest const& push) {
    if (push.metrics.size() > push_bytes_max)
        return std::unexpected(ErrorCode::telemetry_too_large);
    auto const codec = Codec(push.compression_type);
    if (codec != Codec::none && std::ranges::find(push_codecs, codec) == push_codecs.end())
        return std::unexpected(ErrorCode::unsupported_compression_type);
    auto const plain = records::decompress(codec, push.metrics, push_plain_bytes_max);
    if (!plain)
        return std::unexpected(plain.error() == records::DecompressError::too_large
                                   ? ErrorCode::telemetry_too_large
                                   : ErrorCode::invalid_record);
    auto metrics = read_metrics(*plain);
    if (!metrics) return std::unexpected(ErrorCode::invalid_record);
    return std::move(*metrics);
}

}  // namespace klamm::broker
