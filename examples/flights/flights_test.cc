#include "flights/flights.h"
#include "flights/simulated.h"
#include "klamm/test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flights {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

FlightLanded flight(std::string name, std::string origin, std::int32_t delay) {
    FlightLanded out;
    out.flight = std::move(name);
    out.origin = std::move(origin);
    out.destination = "JFK";
    out.delay_minutes = delay;
    out.distance_miles = 500;
    return out;
}

TEST(Flights, are_counted_by_airport) {
    klamm::Test test{make_app()};
    test.publish("flights", flight("f1", "ATL", 10), {.key = "ATL"});
    test.publish("flights", flight("f2", "ATL", -4), {.key = "ATL"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<AirportDelays>("airports"),
                ElementsAre(AirportDelays{"ATL", 1, 10}, AirportDelays{"ATL", 2, 6}));
    EXPECT_THAT(test.sent<DelayNotice>("notices"), SizeIs(0));
}

TEST(Flights, that_are_late_are_told_of_and_paid_for) {
    klamm::Test test{make_app()};
    test.publish("flights", flight("f1", "ATL", notice_minutes), {.key = "ATL"});
    test.publish("flights", flight("f2", "ATL", compensation_minutes), {.key = "ATL"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<DelayNotice>("notices"), SizeIs(2));
    EXPECT_THAT(test.sent<CompensationPaid>("payments"),
                ElementsAre(CompensationPaid{"f2", "card-ATL", 25'000, 25'000}));
}

TEST(Flights, whose_card_is_refused_are_paid_in_order_after_a_redrive) {
    klamm::Test test{make_app()};
    for (auto const* name : {"f1", "f2", "f3"})
        test.publish("flights", flight(name, "ORD", 200), {.key = "ORD"});
    test.publish("flights", flight("f4", "ATL", 200), {.key = "ATL"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<CompensationPaid>("payments"), SizeIs(1)) << "other cards go on";
    EXPECT_THAT(test.dead_letters("compensations"), SizeIs(3));
    EXPECT_FALSE(test.health().healthy());

    test.redrive("compensations");
    test.run_until_idle();
    std::vector<std::string> paid;
    for (auto const& each : test.sent<CompensationPaid>("payments"))
        if (each.card == "card-ORD") paid.push_back(each.flight);
    EXPECT_THAT(paid, ElementsAre("f1", "f2", "f3"));
    EXPECT_THAT(test.dead_letters("compensations"), SizeIs(0));
    EXPECT_TRUE(test.health().healthy());
}

TEST(Flights, that_nobody_can_read_are_dead_letters) {
    klamm::Test test{make_app()};
    test.publish_raw("flights", "ATL", "no flight at all");
    test.run_until_idle();
    EXPECT_THAT(test.dead_letters("flights"), SizeIs(1));
}

TEST(Flights, add_up_whatever_happens) {
    auto const result = klamm::simulate(simulation(), {.first = 1, .count = 200});
    EXPECT_TRUE(result.passed()) << result.story;
}

}  // namespace
}  // namespace flights
