#include "hello.h"

#include <klamm/simulate.h>
#include <klamm/test.h>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hello {
namespace {

TEST(Hello, KnowsWhoComesAgain) {
    klamm::Test test{make_app()};
    test.publish("visits", Visit{"Ann"}, {.key = "ann"});
    test.publish("visits", Visit{"Bob"}, {.key = "bob"});
    test.publish("visits", Visit{"Ann"}, {.key = "ann"});
    test.run_until_idle();

    std::multiset<std::string> texts;
    for (auto const& greeting : test.sent<Greeting>("greetings")) texts.insert(greeting.text);
    EXPECT_EQ(texts, (std::multiset<std::string>{"Hello again, Ann", "Hello, Ann", "Hello, Bob"}));
}

TEST(Hello, AVisitWithoutANameIsADeadLetterAndStopsNobodyElse) {
    klamm::Test test{make_app()};
    test.publish("visits", Visit{""}, {.key = "nobody"});
    test.publish("visits", Visit{"Ann"}, {.key = "ann"});
    test.run_until_idle();

    EXPECT_EQ(test.dead_letters("visits").size(), 1u);
    EXPECT_EQ(test.sent<Greeting>("greetings").size(), 1u);
}

/// Crashes, lost messages, power cuts, duplicates: each seed another world. In all of them each
/// visit has one outcome, in the order of its visitor.
TEST(Hello, CountsEachVisitOnceWhateverGoesWrong) {
    auto const result =
        klamm::simulate(make_app(),
                        [](klamm::Inputs& inputs) {
                            for (int i = 0; i < 30; ++i) {
                                auto const name = "visitor " + std::to_string(inputs.below(5));
                                inputs.publish("visits", Visit{name}, {.key = name});
                            }
                        },
                        {.count = 100});
    EXPECT_TRUE(result.passed()) << result.story;
}

}  // namespace
}  // namespace hello
