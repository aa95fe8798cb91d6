#include "quotes.h"

#include <klamm/test.h>

#include <gtest/gtest.h>

namespace quotes {
namespace {

klamm::App shop() { return make_app({{"book", 900}}); }

TEST(Quotes, AQuestionGetsItsAnswer) {
    klamm::Test test{shop()};
    auto const quote = test.request<Quote>("questions", QuoteAsked{"book", 3}, {.key = "book"});
    ASSERT_TRUE(quote.has_value());
    EXPECT_EQ(quote->cents, 2'700);
    EXPECT_EQ(quote->refused, "");
}

TEST(Quotes, WhatIsNotThereIsAnAnswerToo) {
    klamm::Test test{shop()};
    auto const quote = test.request<Quote>("questions", QuoteAsked{"pen", 1}, {.key = "pen"});
    ASSERT_TRUE(quote.has_value());
    EXPECT_EQ(quote->refused, "there is no pen");
    EXPECT_TRUE(test.dead_letters("questions").empty());
}

TEST(Quotes, AQuestionThatNobodyWaitsForIsHandledAllTheSame) {
    klamm::Test test{shop()};
    test.publish("questions", QuoteAsked{"book", 1}, {.key = "book"});
    test.run_until_idle();
    EXPECT_EQ(test.counts().done, 1u);
}

}  // namespace
}  // namespace quotes
