// What an engine does besides handling: delayed events, destinations, requests, waits, its health.
#include "klamm/handler/engine/rig.h"
#include "klamm/handler/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace klamm::handler::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using ProblemKind = Problem::Kind;

Rig::Handle sends_later(milliseconds delay) { return bill_to("reminders", {.delay = delay}); }

// ---- delayed events -----------------------------------------------------------------------------

TEST(EngineDelays, an_event_is_sent_when_its_time_has_come) {
    Rig rig(sends_later(milliseconds{60'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(59'000);
    EXPECT_THAT(rig.names("reminders"), IsEmpty());
    EXPECT_FALSE(rig.engine->idle());
    rig.run(3'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
    EXPECT_TRUE(rig.engine->idle());
    EXPECT_EQ(rig.engine->counts().sent, 1U);
    auto const& sent = rig.bus.logs[{"reminders", 0}].records.at(0);
    EXPECT_EQ(FakeBus::text(sent.key), "ann");
    EXPECT_EQ(find_header(sent.headers, "ce_causationid"), "a");
}

TEST(EngineDelays, it_comes_once_whoever_dies_in_between) {
    Rig rig(sends_later(milliseconds{60'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(1'000);
    rig.crash();
    rig.run(10'000);
    rig.start();
    EXPECT_FALSE(rig.engine->idle());
    rig.run(60'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
    rig.crash();
    rig.start();
    rig.run(120'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
}

TEST(EngineDelays, it_is_sent_late_when_nobody_was_there) {
    Rig rig(sends_later(milliseconds{60'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(1'000);
    rig.crash();
    rig.run(3'600'000);
    rig.start();
    rig.run(1'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
}

TEST(EngineDelays, an_aborted_transaction_sends_it_once) {
    Rig rig(sends_later(milliseconds{1'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(500);
    using bus::Error;
    rig.bus.commit_fails = {Error::Kind::aborted, Error::Kind::aborted};
    rig.run(10'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
    EXPECT_EQ(rig.engine->counts().transactions_failed, 2U);
}

TEST(EngineDelays, a_transaction_in_doubt_sends_it_once) {
    Rig rig(sends_later(milliseconds{1'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(500);
    rig.bus.commit_fails = {bus::Error::Kind::unknown_outcome};
    rig.run(20'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
}

TEST(EngineDelays, one_that_the_log_refuses_when_it_is_due_becomes_a_dead_letter) {
    Rig rig(sends_later(milliseconds{1'000}));
    rig.start();
    rig.place("ann", "a");
    rig.run(500);
    rig.bus.commit_fails = {bus::Error::Kind::refused};
    rig.run(5'000);
    EXPECT_THAT(rig.names("reminders"), IsEmpty());
    ASSERT_THAT(rig.letters(), SizeIs(1));
    EXPECT_EQ(rig.letters()[0].reason,
              "it could not be sent to reminders when its time had come: as the test wants it");
    EXPECT_TRUE(rig.engine->idle());
    rig.crash();
    rig.start();
    EXPECT_TRUE(rig.engine->idle());
}

// ---- destinations -------------------------------------------------------------------------------

TEST(EngineDestinations, a_topic_that_nobody_declared_is_made) {
    Rig rig(bill_to("audit"));
    rig.app.options().topics.partitions = 7;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    EXPECT_EQ(rig.bus.topics.at("audit").partitions, 7);
    EXPECT_THAT(rig.names("audit"), ElementsAre("a"));
}

TEST(EngineDestinations, a_partition_that_is_not_there_is_a_dead_letter) {
    Rig rig(bill_to("audit", {.partition = 4}));
    rig.start();
    rig.place("ann", "a");
    rig.run();
    ASSERT_THAT(rig.letters(), SizeIs(1));
    EXPECT_EQ(rig.letters()[0].reason, "audit has no partition 4: it has 4");
    EXPECT_EQ(rig.letters()[0].error_type, "klamm::misuse");
    EXPECT_THAT(rig.names("audit"), IsEmpty());
}

TEST(EngineDestinations, a_delayed_event_that_is_too_large_is_a_dead_letter) {
    Rig rig([](Placed const&, Context& context) {
        context.send("audit", Billed{std::string(1'000'000, 'x')}, {.delay = milliseconds{1'000}});
        return done();
    });
    rig.start();
    rig.place("ann", "a");
    rig.run();
    ASSERT_THAT(rig.letters(), SizeIs(1));
    EXPECT_THAT(rig.letters()[0].reason, HasSubstr("bytes, more than 1000000"));
}

TEST(EngineDestinations, a_reply_to_nowhere_is_dropped_and_the_event_is_done) {
    Rig rig([](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name});
        return done();
    });
    rig.start();
    for (auto const partition : {0, 9}) {
        Headers headers{{"ce_type", "orders.placed"}};
        write_reply_to(headers, {partition == 0 ? "nowhere" : "orders", partition, "id"});
        rig.bus.append({.topic = "orders",
                        .partition = 0,
                        .value = R"({"name":"a"})",
                        .headers = std::move(headers)});
    }
    rig.run(5'000);
    EXPECT_EQ(rig.engine->counts().done, 2U);
    EXPECT_EQ(rig.engine->counts().sent, 0U);
    EXPECT_FALSE(rig.bus.topics.contains("nowhere"));
    EXPECT_THAT(rig.story.logs,
                testing::Contains(HasSubstr("reply to orders/0@0 is dropped: there is no topic")));
    EXPECT_THAT(rig.story.logs,
                testing::Contains(HasSubstr("is dropped: orders has no partition 9: it has 1")));
}

TEST(EngineDestinations, what_is_sent_waits_while_the_log_is_away) {
    Rig rig(bill_to("audit"));
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.bus.is_away = true;
    rig.workers.release_all();
    rig.run(5'000);
    rig.bus.is_away = false;
    rig.run(2'000);
    EXPECT_THAT(rig.names("audit"), ElementsAre("a"));
    EXPECT_THAT(rig.handled, ElementsAre("a"));
}

// ---- publish, wait, request ---------------------------------------------------------------------

std::shared_ptr<void const> placed(std::string name) {
    return std::make_shared<Placed const>(Placed{std::move(name)});
}

TEST(EngineServices, what_is_published_is_handled_and_can_be_waited_for) {
    Rig rig;
    rig.start();
    std::optional<Position> place;
    rig.engine->publish("orders", event_type<Placed>(), placed("a"), {.partition = 0},
                        [&](bus::Result<Position> result) { place = *result; });
    bool processed = false;
    rig.run(0);
    ASSERT_TRUE(place);
    EXPECT_THAT(rig.story.outcomes, IsEmpty());
    rig.engine->wait_until_processed(*place, Duration{1'000}, [&](bus::Result<void> result) {
        EXPECT_TRUE(result);
        EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@0 done"));
        processed = true;
    });
    rig.run();
    EXPECT_TRUE(processed);
}

TEST(EngineServices, a_wait_that_is_too_short_says_what_keeps_the_event) {
    Rig rig([](Placed const&, Context&) { return retry("not now"); },
            {.retry = {.attempts = 100, .first = milliseconds{1'000}}});
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    std::vector<std::string> whys;
    for (std::int64_t offset : {0, 1, 2})
        rig.engine->wait_until_processed(
            {"orders", 0, offset}, Duration{300},
            [&](bus::Result<void> result) { whys.push_back(result.error().why); });
    rig.run();
    EXPECT_THAT(whys, ElementsAre(HasSubstr("its handler is at try 1, or waits for the next one"),
                                  HasSubstr("1 event of its key come before it"),
                                  HasSubstr("it is not fetched yet")));
}

TEST(EngineServices, a_dead_letter_is_finished) {
    Rig rig([](Placed const&, Context&) { return dead_letter("no"); });
    rig.start();
    rig.place("ann", "a");
    bool processed = false;
    rig.engine->wait_until_processed({"orders", 0, 0}, Duration{1'000},
                                     [&](auto result) { processed = result.has_value(); });
    rig.run();
    EXPECT_TRUE(processed);
}

TEST(EngineServices, a_request_is_answered_by_a_handler) {
    Rig rig([](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name + "!"});
        return done();
    });
    rig.start();
    std::string answer;
    rig.engine->request("orders", event_type<Placed>(), placed("a"), event_type<Billed>(),
                        Duration{5'000}, {.partition = 0}, [&](auto reply) {
                            answer = reply ? static_cast<Billed const*>(reply->get())->name
                                           : reply.error().why;
                        });
    rig.run(2'000);
    EXPECT_EQ(answer, "a!");
    EXPECT_EQ(rig.bus.topics.at("billing-replies").configs.at("retention.ms"), "3600000");
}

// ---- health -------------------------------------------------------------------------------------

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
