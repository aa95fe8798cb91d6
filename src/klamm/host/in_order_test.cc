#include "klamm/host/in_order.h"

#include "klamm/base/random.h"

#include <gtest/gtest.h>

namespace klamm::host {
namespace {

TEST(InOrder, AnswersLeaveInTheOrderOfTheirRequests) {
    Random random(3);
    InOrder<std::uint64_t, std::uint64_t> window;
    std::vector<std::uint64_t> open;
    std::uint64_t left = 0;
    for (int step = 0; step < 10'000; ++step) {
        if (open.empty() || (open.size() < 20 && random.one_in(2))) {
            auto const number = window.open(window.size() + left);
            open.push_back(number);
        } else {
            auto const which = open.begin() + std::ptrdiff_t(random.below(open.size()));
            window.answer(*which, *which * 10);
            open.erase(which);
        }
        for (; !window.empty() && window.front().answer; window.pop(), ++left) {
            EXPECT_EQ(window.front().request, left);
            EXPECT_EQ(*window.front().answer, left * 10);
        }
    }
    EXPECT_GT(left, 1000U);
}

}  // namespace
}  // namespace klamm::host
