// Events that leave later, and topics to which they may or may not go.
#include "klamm/handler/engine/rig.h"
#include "klamm/handler/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Rig::Handle sends_later(milliseconds delay) { return bill_to("reminders", {.delay = delay}); }

/// What ann's order sends is due in half a second.
struct Due : Rig {
    Due() : Rig(sends_later(milliseconds{1'000})) {
        start();
        place("ann", "a");
        run(500);
    }
};

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
    Due rig;
    using bus::Error;
    rig.bus.commit_fails = {Error::Kind::aborted, Error::Kind::aborted};
    rig.run(10'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
    EXPECT_EQ(rig.engine->counts().transactions_failed, 2U);
}

TEST(EngineDelays, a_transaction_in_doubt_sends_it_once) {
    Due rig;
    rig.bus.commit_fails = {bus::Error::Kind::unknown_outcome};
    rig.run(20'000);
    EXPECT_THAT(rig.names("reminders"), ElementsAre("a"));
}

TEST(EngineDelays, one_that_the_log_refuses_when_it_is_due_becomes_a_dead_letter) {
    Due rig;
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

}  // namespace
}  // namespace klamm::handler::test
