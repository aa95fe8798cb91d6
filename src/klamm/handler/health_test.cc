#include "klamm/health.h"

#include <gtest/gtest.h>

namespace klamm {
namespace {

TEST(Health, without_problems_is_healthy) {
    EXPECT_EQ(to_json({}), R"({"healthy":true,"problems":[]})");
}

TEST(Health, names_each_problem_with_its_place_and_why) {
    Health health;
    health.problems.push_back({.kind = Problem::Kind::engine_away, .why = "b:9092 says \"no\""});
    health.problems.push_back({.kind = Problem::Kind::poisoned,
                               .handler = "bill",
                               .topic = "orders",
                               .partition = 0,
                               .why = "1 key is parked"});
    EXPECT_FALSE(health.healthy());
    EXPECT_EQ(to_json(health),
              R"({"healthy":false,"problems":[{"kind":"engine_away","why":"b:9092 says \"no\""},)"
              R"({"kind":"poisoned","handler":"bill","topic":"orders","partition":0,)"
              R"("why":"1 key is parked"}]})");
}

TEST(Health, every_kind_has_a_name) {
    EXPECT_EQ(to_string(Problem::Kind::not_started), "not_started");
    EXPECT_EQ(to_string(Problem::Kind::fenced), "fenced");
}

}  // namespace
}  // namespace klamm
