#include "klamm/kafka_bus/api_versions.h"

#include <gtest/gtest.h>

namespace klamm::kafka_bus {
namespace {

void broker(ApiVersions& versions, std::initializer_list<std::pair<int, int>> newest) {
    for (auto const& [key, version] : newest)
        versions.read("[thrd:main]: main:   ApiKey Some (" + std::to_string(key) +
                      ") Versions 0.." + std::to_string(version));
}

TEST(ApiVersions, TheLeastAbleBrokerCounts) {
    ApiVersions versions;
    broker(versions, {{9, 8}, {22, 4}, {26, 5}, {28, 3}, {68, 1}});
    EXPECT_EQ(versions.capabilities().lacks, "");
    EXPECT_EQ(versions.capabilities().transaction_version, 2);
    EXPECT_TRUE(versions.capabilities().consumer_protocol);
    broker(versions, {{9, 8}, {22, 4}, {26, 3}, {28, 3}});
    EXPECT_EQ(versions.capabilities().lacks, "");
    EXPECT_EQ(versions.capabilities().transaction_version, 1);
}

TEST(ApiVersions, SayWhatIsMissingAndWhatToDo) {
    ApiVersions old;
    broker(old, {{9, 5}, {22, 1}, {26, 1}, {28, 2}});  // Apache Kafka 2.4
    auto const found = old.capabilities();
    EXPECT_TRUE(found.transactions);
    EXPECT_FALSE(found.stable_offsets);
    EXPECT_NE(found.lacks.find("Apache Kafka 2.5 or newer"), std::string::npos) << found.lacks;
    ApiVersions none;
    broker(none, {{9, 8}});
    EXPECT_FALSE(none.capabilities().transactions);
    EXPECT_NE(none.capabilities().lacks.find("no transactions"), std::string::npos);
}

TEST(ApiVersions, WhatIsNoSuchLineIsPassedOver) {
    ApiVersions versions;
    for (auto const* line :
         {"", "ApiKey", "ApiKey X (", "ApiKey X (9) Versions", "ApiKey X (y) ..8",
          "ApiKey X (99999999999999) Versions 0..8", "Feature IdempotentProducer"})
        versions.read(line);
    EXPECT_TRUE(versions.capabilities().stable_offsets) << "nothing is known, so all is tried";
}

}  // namespace
}  // namespace klamm::kafka_bus
