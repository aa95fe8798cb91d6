#include "klamm/broker/telemetry/telemetry.h"

#include "klamm/broker/handlers.h"
#include "klamm/records/compression.h"

#include <algorithm>
#include <array>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using records::Codec;

constexpr std::array codecs{Codec::zstd, Codec::lz4, Codec::gzip, Codec::snappy};
/// The beginning of the names of all metrics that KIP-714 defines.
constexpr std::string_view standard_metrics = "org.apache.kafka.";

/// Changes with what is asked for, so that clients ask again.
std::int32_t subscription_id(Options const& options) {
    return std::int32_t(options.client_metrics_interval_ms.count());
}

ErrorCode check(Step& step, Request const& request, kafka::PushTelemetryRequest const& push) {
    if (push.client_instance_id.is_none()) return ErrorCode::invalid_request;
    if (push.subscription_id != subscription_id(step.options()))
        return ErrorCode::unknown_subscription_id;
    if (!request.client_metrics) return request.client_metrics.error();
    return ErrorCode::none;
}

}  // namespace

std::expected<ClientMetrics, ErrorCode> unpack(kafka::PushTelemetryRequest const& push) {
    if (push.metrics.size() > push_bytes_max)
        return std::unexpected(ErrorCode::telemetry_too_large);
    auto const codec = Codec(push.compression_type);
    if (codec != Codec::none && std::ranges::find(codecs, codec) == codecs.end())
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

void handle(Step& step, Request const& request,
            kafka::GetTelemetrySubscriptionsRequest const& get) {
    constexpr std::int32_t ask_again_ms = 300'000;
    auto const& options = step.options();
    auto const wanted = options.client_metrics_interval_ms.count() > 0;
    kafka::GetTelemetrySubscriptionsResponse response;
    response.client_instance_id = get.client_instance_id;
    while (response.client_instance_id.is_none())
        response.client_instance_id = Uuid::random(step.random());
    response.subscription_id = subscription_id(options);
    for (auto const codec : codecs)
        response.accepted_compression_types.push_back(std::int8_t(codec));
    response.push_interval_ms =
        wanted ? std::int32_t(options.client_metrics_interval_ms.count()) : ask_again_ms;
    response.telemetry_max_bytes = std::int32_t(push_bytes_max);
    if (wanted) response.requested_metrics.emplace_back(standard_metrics);
    answer(step, request, std::move(response), After::nothing);
}

void handle(Step& step, Request const& request, kafka::PushTelemetryRequest const& push) {
    Reply reply;
    kafka::PushTelemetryResponse response;
    response.error_code = check(step, request, push);
    if (response.error_code == ErrorCode::none)
        reply.push = std::make_shared<ClientPush>(ClientPush{push.client_instance_id,
                                                             request.header.client_id.value_or(""),
                                                             *request.client_metrics});
    reply.id = request.id;
    reply.body = response;
    step.reply(std::move(reply), After::nothing);
}

}  // namespace klamm::broker
