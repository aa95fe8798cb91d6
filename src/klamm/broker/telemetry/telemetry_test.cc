#include "klamm/broker/telemetry/telemetry.h"
#include "klamm/broker/story.h"
#include "klamm/records/compression.h"

#include <bit>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- MetricsData, written by a few lines ------------------------------------------------------

using Text = std::string;

Text varint(std::uint64_t value) {
    Text text;
    for (; value >= 0x80; value >>= 7) text += char(value | 0x80);
    return text + char(value);
}
Text field(std::uint32_t number, Text const& bytes) {
    return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
Text fixed64(std::uint32_t number, std::uint64_t value) {
    Text text = varint(number << 3 | 1);
    for (int i = 0; i < 8; ++i) text += char(value >> (8 * i));
    return text;
}
Text attribute(Text const& key, Text const& value) {
    return field(7, field(1, key) + field(2, field(1, value)));
}
Text gauge(Text const& name, double value, Text const& attributes = "") {
    return field(
        2, field(1, name) +
               field(5, field(1, attributes + fixed64(4, std::bit_cast<std::uint64_t>(value)))));
}
Text counter(Text const& name, std::int64_t value) {
    auto const point = field(1, fixed64(6, std::uint64_t(value)));
    return field(2, field(1, name) + field(7, point + varint(3 << 3) + varint(1)));
}
Bytes metrics_data(Text const& metrics) {
    auto const text = field(1, field(1, "") + field(2, field(1, "") + metrics));
    auto const bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

TEST(Otlp, GaugesAndSumsAreRead) {
    auto const read = read_metrics(metrics_data(
        gauge("lag", 1.5, attribute("topic", "t") + attribute("p", "0")) + counter("sent", 7)));
    ASSERT_TRUE(read.has_value()) << read.error();
    ASSERT_EQ(read->metrics.size(), 2U);
    EXPECT_EQ(read->metrics[0], (ClientMetric{"lag", {{"topic", "t"}, {"p", "0"}}, 1.5, false}));
    EXPECT_EQ(read->metrics[1], (ClientMetric{"sent", {}, 7, true}));
    EXPECT_EQ(read->left_out, 0U);
}

TEST(Otlp, APushIsRememberedWithinItsLimits) {
    Text many, labels;
    for (int i = 0; i < 30; ++i) labels += attribute("k" + std::to_string(i), Text(1000, 'v'));
    for (std::size_t i = 0; i < push_limits::metrics + 5; ++i) many += gauge("m", 1);
    auto const read = read_metrics(metrics_data(gauge(Text(1000, 'n'), 1, labels) + many));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->metrics.size(), push_limits::metrics);
    EXPECT_EQ(read->left_out, 6U);
    EXPECT_EQ(read->metrics[0].name.size(), push_limits::text_bytes);
    EXPECT_EQ(read->metrics[0].attributes.size(), push_limits::attributes);
    EXPECT_EQ(read->metrics[0].attributes[0].second.size(), push_limits::text_bytes);
}

TEST(Otlp, BytesThatAreCutAreRefusedOrReadWithoutTheRest) {
    auto const whole = metrics_data(gauge("lag", 1.5, attribute("topic", "t")));
    for (std::size_t size = 1; size < whole.size(); ++size)
        EXPECT_FALSE(read_metrics(ByteView{whole}.first(size)).has_value()) << size;
    EXPECT_TRUE(read_metrics({})->metrics.empty());
}

// ---- the two APIs ---------------------------------------------------------------------------

Options interval(std::int64_t ms) {
    Options options;
    options.client_metrics_interval_ms = std::chrono::milliseconds(ms);
    return options;
}

TEST(Telemetry, IsNotAskedForUnlessConfigured) {
    Story story;
    auto const none = story.ask(kafka::GetTelemetrySubscriptionsRequest{});
    EXPECT_EQ(none.error_code, ErrorCode::none);
    EXPECT_TRUE(none.requested_metrics.empty());
    EXPECT_FALSE(none.client_instance_id.is_none());
    Story other{interval(1000)};
    kafka::GetTelemetrySubscriptionsRequest request;
    request.client_instance_id = none.client_instance_id;
    auto const wanted = other.ask(request);
    EXPECT_EQ(wanted.requested_metrics, Values{"org.apache.kafka."});
    EXPECT_EQ(wanted.push_interval_ms, 1000);
    EXPECT_EQ(wanted.client_instance_id, none.client_instance_id);
    EXPECT_NE(wanted.subscription_id, none.subscription_id);
}

struct WithClient : Story {
    WithClient() : Story(interval(1000)) {
        auto const told = ask(kafka::GetTelemetrySubscriptionsRequest{});
        push.client_instance_id = told.client_instance_id;
        push.subscription_id = told.subscription_id;
        push.metrics = metrics_data(gauge("lag", 1));
    }
    ErrorCode error() { return ask(push).error_code; }
    kafka::PushTelemetryRequest push;
};

TEST(Telemetry, IsTakenInEveryCodec) {
    for (std::int8_t codec = 0; codec <= 4; ++codec) {
        WithClient story;
        story.push.compression_type = codec;
        story.push.metrics = records::compress(records::Codec(codec), story.push.metrics);
        EXPECT_EQ(story.error(), ErrorCode::none) << int(codec);
    }
}

TEST(Telemetry, IsRefusedForWhatIsWrongWithIt) {
    WithClient story;
    auto const good = story.push;
    story.push.client_instance_id = {};
    EXPECT_EQ(story.error(), ErrorCode::invalid_request);
    story.push = good;
    ++story.push.subscription_id;
    EXPECT_EQ(story.error(), ErrorCode::unknown_subscription_id);
    story.push = good;
    story.push.compression_type = 5;
    EXPECT_EQ(story.error(), ErrorCode::unsupported_compression_type);
    story.push.compression_type = -1;
    EXPECT_EQ(story.error(), ErrorCode::unsupported_compression_type);
    story.push = good;
    story.push.compression_type = 1;
    EXPECT_EQ(story.error(), ErrorCode::invalid_record);
    story.push = good;
    story.push.metrics.assign(5, std::byte{0xff});
    EXPECT_EQ(story.error(), ErrorCode::invalid_record);
    story.push.metrics.assign(push_bytes_max + 1, std::byte{0});
    EXPECT_EQ(story.error(), ErrorCode::telemetry_too_large);
    story.push.metrics = records::compress(records::Codec::zstd, Bytes(push_plain_bytes_max + 1));
    story.push.compression_type = 4;
    EXPECT_EQ(story.error(), ErrorCode::telemetry_too_large);
}

}  // namespace
}  // namespace klamm::broker
