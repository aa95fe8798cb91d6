// broker/telemetry/otlp.h - the numbers in a client's push: MetricsData of OpenTelemetry, in
// Protobuf.
//
//   MetricsData > ResourceMetrics > ScopeMetrics > Metric > Gauge or Sum > NumberDataPoint
//
// Read by hand: six small messages, of which a few fields matter. Histograms and summaries, which
// Kafka's clients do not send, are passed over.
// Source: https://github.com/open-telemetry/opentelemetry-proto, metrics/v1/metrics.proto
#pragma once

#include "klamm/base/bytes.h"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::broker {

/// One number that a client tells about itself.
struct ClientMetric {
    std::string name;
    std::vector<std::pair<std::string, std::string>> attributes;  ///< in the order of the push
    double value = 0;
    bool counter = false;  ///< it only grows
    bool operator==(ClientMetric const&) const = default;
};

/// What one push may make us remember; the rest of it is passed over and counted.
namespace push_limits {
inline constexpr std::size_t metrics = 500;
inline constexpr std::size_t attributes = 8;    ///< of one metric
inline constexpr std::size_t text_bytes = 200;  ///< of a name or a value of an attribute
}  // namespace push_limits

struct ClientMetrics {
    std::vector<ClientMetric> metrics;
    std::size_t left_out = 0;  ///< data points beyond the limits
};

/// The error is one sentence.
[[nodiscard]] std::expected<ClientMetrics, std::string> read_metrics(ByteView metrics_data);

}  // namespace klamm::broker
