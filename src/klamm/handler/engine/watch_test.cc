// What an engine says of its health.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using ProblemKind = Problem::Kind;

std::vector<ProblemKind> kinds(Health const& health) {
    std::vector<ProblemKind> found;
    for (auto const& problem : health.problems) found.push_back(problem.kind);
    return found;
}

TEST(EngineHealth, is_red_until_it_has_partitions_and_after_its_end) {
    Rig rig;
    auto engine =
        make_engine(rig.app, {}, {rig.loop, rig.bus, rig.workers, *rig.codecs, rig.story});
    EXPECT_THAT(kinds(engine->health()), ElementsAre(ProblemKind::not_started));
    engine->start([](auto const&) {});
    EXPECT_THAT(kinds(engine->health()), ElementsAre(ProblemKind::not_started));
    rig.run(500);
    EXPECT_TRUE(engine->health().healthy()) << to_json(engine->health());
    engine->stop(Duration{1'000}, [](bool) {});
    rig.run(2'000);
    EXPECT_THAT(kinds(engine->health()), ElementsAre(ProblemKind::stopped));
    EXPECT_EQ(engine->health().problems[0].why, "it was stopped");
}

TEST(EngineHealth, names_a_log_that_is_away_at_the_start) {
    Rig rig;
    rig.bus.is_away = true;
    rig.start();
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::engine_away));
    EXPECT_EQ(rig.engine->health().problems[0].why, "the log does not answer: nobody is there");
}

TEST(EngineHealth, names_a_handler_that_is_slow_and_one_that_finishes_nothing) {
    Rig rig(nullptr, {.slow_after = milliseconds{10'000}});
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run(9'000);
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
    rig.run(5'000);
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::slow));
    EXPECT_THAT(rig.engine->health().problems[0].why,
                HasSubstr("orders.placed has been at orders/0@0 for 13 s, more than its slow_after "
                          "of 10 s (try 1)"));
    rig.run(20'000);
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::slow, ProblemKind::stalled));
    EXPECT_THAT(rig.engine->health().problems[1].why,
                HasSubstr("orders.placed has 2 events and has finished none for 33 s; 1 of them "
                          "run now"));
    rig.workers.release_all();
    rig.run(1'000);
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

TEST(EngineHealth, says_how_the_last_try_of_a_stalled_handler_failed) {
    Rig rig([](Placed const&, Context&) { return retry("the bank is closed", "BankClosed"); },
            {.retry = {.attempts = 100, .first = milliseconds{20'000}}});
    rig.start();
    rig.place("ann", "a1");
    rig.run(50'000);
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::stalled));
    EXPECT_THAT(rig.engine->health().problems[0].why,
                HasSubstr("orders/0@0 failed with BankClosed: the bank is closed"));
}

TEST(EngineHealth, names_parked_keys_and_what_to_do_until_they_are_free) {
    bool broken = true;
    Rig rig(
        [&](Placed const&, Context&) { return broken ? dead_letter("no", "Refused") : done(); });
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run();
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::poisoned));
    auto const problem = rig.engine->health().problems[0];
    EXPECT_EQ(problem.topic, "orders");
    EXPECT_EQ(problem.partition, 0);
    EXPECT_THAT(problem.why, AllOf(HasSubstr("orders/0: 1 key is parked behind a dead letter"),
                                   HasSubstr("2 events wait in orders-dlt"),
                                   HasSubstr("klamm dlq list orders-dlt`")));
    broken = false;
    rig.redrive(0);
    rig.redrive(1);
    rig.run();
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

TEST(EngineHealth, names_a_lag_with_its_age_and_what_is_behind) {
    Rig rig;
    rig.app.options().in_flight_max = 10;
    rig.app.options().lag_max = milliseconds{5'000};
    rig.workers.hold = true;
    rig.start();
    for (int n = 0; n < 50; ++n) rig.place("k" + std::to_string(n % 3), "e" + std::to_string(n));
    rig.run(8'000);
    ASSERT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::lagging));
    EXPECT_THAT(rig.engine->health().problems[0].why,
                AllOf(HasSubstr("the oldest unhandled event, orders/0@0, is 8 s old"),
                      HasSubstr("49 offsets behind it")));
    rig.workers.release_all();
    rig.run(5'000);
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

TEST(EngineHealth, says_why_dead_letters_are_refused) {
    Rig rig([](Placed const&, Context&) { return dead_letter("no", "Refused"); });
    rig.start();
    rig.bus.commit_fails.assign(1'000, bus::Error::Kind::refused);
    rig.place("ann", "a");
    rig.run(120'000);
    EXPECT_THAT(to_json(rig.engine->health()), HasSubstr("as the test wants it"));
    rig.bus.commit_fails.clear();
    rig.run(60'000);
    EXPECT_THAT(rig.dead(), ElementsAre("a"));
    EXPECT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::poisoned));
}

TEST(EngineHealth, one_that_was_fenced_is_red_until_it_is_back) {
    Rig rig;
    rig.start();
    rig.bus.commit_fails = {bus::Error::Kind::fenced};
    rig.place("ann", "a");
    for (int n = 0; n < 200 && rig.engine->health().healthy(); ++n) rig.run(1);
    EXPECT_THAT(kinds(rig.engine->health()), ElementsAre(ProblemKind::fenced));
    rig.run(5'000);
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

}  // namespace
}  // namespace klamm::handler::test
