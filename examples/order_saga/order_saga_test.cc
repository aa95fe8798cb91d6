#include "order_saga/order_saga.h"

#include "klamm/simulate.h"
#include "klamm/test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace order_saga {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::int64_t limit_cents = 1'000;
bool bank(std::int64_t cents) { return cents <= limit_cents; }

void place(klamm::Test& test, OrderPlaced const& order) {
    test.publish("outbox.event.order", order, {.key = order.order});
    test.run_until_idle();
}

TEST(OrderSaga, confirms_an_order_that_is_in_stock_and_paid) {
    klamm::Test test{make_app(bank)};
    place(test, {"o-1", "book", 900});
    EXPECT_THAT(test.sent<OrderDecided>("decisions"),
                ElementsAre(OrderDecided{"o-1", "confirmed"}));
}

TEST(OrderSaga, gives_the_stock_back_when_the_card_is_refused) {
    klamm::Test test{make_app(bank)};
    place(test, {"o-1", "book", 5'000});
    place(test, {"o-2", "book", 5'000});
    place(test, {"o-3", "book", 10});  // of two books none would be left
    EXPECT_THAT(
        test.sent<OrderDecided>("decisions"),
        UnorderedElementsAre(OrderDecided{"o-1", "not paid"}, OrderDecided{"o-2", "not paid"},
                             OrderDecided{"o-3", "confirmed"}));
}

TEST(OrderSaga, says_when_there_is_no_stock) {
    klamm::Test test{make_app(bank)};
    for (auto const* order : {"o-1", "o-2", "o-3"}) place(test, {order, "book", 10});
    EXPECT_THAT(test.sent<OrderDecided>("decisions"),
                testing::Contains(OrderDecided{"o-3", "out of stock"}));
}

/// Each order is decided once, and no more is sold than there was.
std::string adds_up(klamm::Committed const& committed) {
    std::multiset<std::string> decided;
    int sold = 0;
    for (auto const& decision : committed.sent<OrderDecided>("decisions")) {
        decided.insert(decision.order);
        if (decision.status == "confirmed") ++sold;
    }
    for (auto const& order : committed.published<OrderPlaced>("outbox.event.order"))
        if (decided.count(order.order) != 1)
            return order.order + " was decided " + std::to_string(decided.count(order.order)) +
                   " times";
    return sold <= 2 ? "" : std::to_string(sold) + " of 2 books were sold";
}

TEST(OrderSaga, adds_up_whatever_happens) {
    klamm::Simulation simulation;
    simulation.app = [] { return make_app(bank); };
    simulation.inputs = [](klamm::Inputs& inputs) {
        for (int i = 0; i < 10; ++i) {
            auto const order = "o-" + std::to_string(i);
            auto const cents = std::int64_t(inputs.below(2) * 5'000);
            inputs.publish("outbox.event.order", OrderPlaced{order, "book", cents}, {.key = order});
            inputs.wait(klamm::milliseconds(inputs.below(500)));
        }
    };
    simulation.oracles = {{"adds_up", adds_up}};
    simulation.redelivery = false;  // who gets the last book depends on who comes first
    auto const result = klamm::simulate(simulation, {.first = 1, .count = 50});
    EXPECT_TRUE(result.passed()) << result.story;
}

}  // namespace
}  // namespace order_saga
