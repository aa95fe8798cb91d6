#include "klamm/host/client_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::host {
namespace {

using broker::ClientMetric;
using testing::HasSubstr;
using testing::Not;
constexpr ClientMetrics::TimePoint start{};

std::shared_ptr<broker::ClientPush const> push(std::uint8_t client,
                                               std::vector<ClientMetric> metrics) {
    broker::ClientPush push;
    push.client.bytes[0] = std::byte(client);
    push.client.bytes[1] = std::byte(metrics.size() > 1);
    push.client_id = "app\"" + std::to_string(client);
    push.metrics.metrics = std::move(metrics);
    push.interval_ms = 1000;
    return std::make_shared<broker::ClientPush>(std::move(push));
}

TEST(ClientMetrics, AreSeriesOfTheirClients) {
    ClientMetrics kept;
    kept.keep(push(1, {{"org.apache.kafka.consumer.lag", {{"topic", "t"}, {"9x", "y"}}, 5, false},
                       {"klamm_ready", {{"client_id", "other"}}, 7, true}}),
              start);
    kept.keep(push(2, {{"org.apache.kafka.consumer.lag", {}, 6, false}}), start);
    auto const text = kept.to_prometheus(start);
    EXPECT_THAT(text, HasSubstr("# TYPE client_consumer_lag gauge\n"));
    EXPECT_THAT(text, HasSubstr("client_consumer_lag{client_id=\"app\\\"1\",client_instance="));
    EXPECT_THAT(text, HasSubstr(",topic=\"t\",l_9x=\"y\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("} 6\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE client_klamm_ready counter\n"));
    EXPECT_THAT(text, Not(HasSubstr("other")));
    EXPECT_THAT(text, HasSubstr("klamm_client_pushes_total 2\n"));
}

TEST(ClientMetrics, OfAClientAreThoseOfItsLastPush) {
    ClientMetrics kept;
    kept.keep(push(1, {{"old", {}, 1, false}}), start);
    kept.keep(push(1, {{"new", {}, 1, false}}), start);
    auto const text = kept.to_prometheus(start);
    EXPECT_THAT(text, Not(HasSubstr("client_old")));
    EXPECT_THAT(text, HasSubstr("client_new"));
}

TEST(ClientMetrics, OfSilentClientsAreForgotten) {
    ClientMetrics kept;
    kept.keep(push(1, {{"m", {}, 1, false}}), start);
    EXPECT_THAT(kept.to_prometheus(start + std::chrono::seconds(3)), HasSubstr("client_m{"));
    EXPECT_THAT(kept.to_prometheus(start + std::chrono::seconds(4)), Not(HasSubstr("client_m{")));
}

TEST(ClientMetrics, AreBoundedAndTheOldestGoFirst) {
    ClientMetrics kept;
    auto const half = ClientMetrics::series_max / 2;
    auto const many = [&](char const* name) {
        return std::vector<ClientMetric>(half, ClientMetric{name, {}, 1, false});
    };
    kept.keep(push(1, many("a")), start);
    kept.keep(push(2, many("b")), start + std::chrono::seconds(1));
    kept.keep(push(3, {{"c", {}, 1, false}}), start + std::chrono::seconds(2));
    auto const text = kept.to_prometheus(start + std::chrono::seconds(2));
    EXPECT_THAT(text, Not(HasSubstr("client_a")));
    EXPECT_THAT(text, HasSubstr("client_b"));
    EXPECT_THAT(text, HasSubstr("client_c"));
}

}  // namespace
}  // namespace klamm::host
