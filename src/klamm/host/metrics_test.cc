#include "klamm/host/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::host {
namespace {

TEST(Histogram, CountsADurationInTheFirstBucketThatIsNotShorter) {
    Histogram histogram;
    histogram.observe(std::chrono::microseconds(0));
    histogram.observe(std::chrono::microseconds(15));
    histogram.observe(std::chrono::microseconds(16));
    histogram.observe(std::chrono::hours(1));
    EXPECT_EQ(histogram.count(0), 2U);
    EXPECT_EQ(histogram.count(1), 1U);
    EXPECT_EQ(histogram.count(Histogram::buckets), 1U);
    EXPECT_DOUBLE_EQ(Histogram::bound_seconds(0), 16e-6);
}

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
    Metrics metrics;
    metrics.requests[18].add(3);
    metrics.latency[18].observe(std::chrono::milliseconds(1));
    auto const text = to_prometheus(metrics, {});
    EXPECT_THAT(text, testing::HasSubstr("klamm_requests_total{api=\"ApiVersions\"} 3\n"));
    EXPECT_THAT(text, testing::HasSubstr("klamm_request_seconds_count{api=\"ApiVersions\"} 1\n"));
    EXPECT_THAT(text, testing::HasSubstr("# TYPE klamm_sync_seconds histogram\n"));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("api=\"Heartbeat\"")))
        << "only what was asked";
}

}  // namespace
}  // namespace klamm::host
