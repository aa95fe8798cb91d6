#include "klamm/handler/replay.h"

#include "klamm/handler/engine/rig.h"
#include "klamm/handler/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

Outcome bill(Placed const& placed, Context& context) {
    auto total = context.state<Total>().value_or(Total{});
    ++total.count;
    context.put_state(total);
    context.send("invoices", Billed{placed.name + "#" + std::to_string(total.count)});
    return placed.name == "bad" ? dead_letter("no", "Refused") : done();
}

class Replayed {
public:
    explicit Replayed(Rig::Handle handle = bill, std::int32_t partitions = 1)
        : rig(std::move(handle), {}, partitions) {
        rig.start();
    }
    std::string run(ReplayOptions options) {
        options.topic = options.topic.empty() ? "orders" : options.topic;
        std::optional<bus::Result<ReplayResult>> ended;
        auto const replay = start_replay(
            rig.app, std::move(options), {rig.loop, rig.bus, rig.workers, *rig.codecs, rig.story},
            [&](bus::Result<ReplayResult> said) { ended = std::move(said); });
        for (int n = 0; n < 100 && !ended; ++n) rig.run(100);
        if (!ended) return "it does not end";
        if (!*ended) return ended->error().why;
        result = **ended;
        return "";
    }

    Rig rig;
    ReplayResult result;
};

TEST(Replay, runs_all_that_is_there_through_the_handlers_and_leaves_no_trace) {
    std::vector<bool> replaying;
    Replayed replayed([&](Placed const& placed, Context& context) {
        replaying.push_back(context.replaying());
        return bill(placed, context);
    });
    auto& rig = replayed.rig;
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.place("bob", "bad");
    rig.place("bob", "b2");
    rig.run();
    rig.handled.clear();
    replaying.clear();
    auto const logs = rig.bus.logs.size();
    auto const ledger = rig.bus.values("billing-orders-ledger").size();
    auto const committed = rig.committed();
    ASSERT_EQ(replayed.run({}), "");
    EXPECT_THAT(rig.handled, ElementsAre("a1", "bad", "a2"));
    EXPECT_THAT(replaying, ElementsAre(true, true, true));
    EXPECT_EQ(replayed.result.events, 4U);
    EXPECT_EQ(replayed.result.sent, 2U);
    EXPECT_THAT(replayed.result.outcomes,
                ElementsAre(Pair("dead_letter: Refused", 1), Pair("done", 2), Pair("parked", 1)));
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a1#1", "a2#2"));
    EXPECT_THAT(rig.dead(), ElementsAre("bad", "b2"));
    EXPECT_EQ(rig.bus.logs.size(), logs);
    EXPECT_EQ(rig.bus.values("billing-orders-ledger").size(), ledger);
    EXPECT_EQ(rig.committed(), committed);
    rig.place("ann", "a3");
    rig.run();
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a1#1", "a2#2", "a3#3"));
}

TEST(Replay, gives_what_is_sent_to_on_send) {
    Replayed replayed;
    replayed.rig.place("ann", "a1");
    replayed.rig.run();
    std::vector<std::string> sent;
    ASSERT_EQ(replayed.run({.on_send =
                                [&](std::string const& topic, EventType const& type,
                                    void const* event, Message const& cause) {
                                    EXPECT_EQ(&type, &event_type<Billed>());
                                    sent.push_back(topic + " " +
                                                   static_cast<Billed const*>(event)->name + " " +
                                                   to_string(cause.position));
                                }}),
              "");
    EXPECT_THAT(sent, ElementsAre("invoices a1#1 orders/0@0"));
}

TEST(Replay, diverts_sends_and_dead_letters_with_the_ids_that_they_had) {
    Replayed replayed;
    auto& rig = replayed.rig;
    rig.place("ann", "a1");
    rig.place("bob", "bad");
    rig.run();
    ASSERT_EQ(replayed.run({.sends = Diverted{"replay."}}), "");
    EXPECT_THAT(rig.names("replay.invoices"), ElementsAre("a1#1"));
    EXPECT_THAT(rig.names("replay.orders-dlt"), ElementsAre("bad"));
    EXPECT_FALSE(rig.bus.topics.contains("replay.billing-orders-ledger"));
    auto const id = [&](std::string const& topic, std::size_t n) {
        return std::string(*find_header(rig.bus.logs[{topic, 0}].records.at(n).headers, "ce_id"));
    };
    EXPECT_EQ(id("invoices", 0), id("replay.invoices", 0));
    ASSERT_EQ(replayed.run({.sends = Diverted{"replay."}}), "");
    EXPECT_EQ(id("replay.invoices", 0), id("replay.invoices", 1));
    EXPECT_EQ(rig.bus.topics.at("replay.invoices").partitions,
              rig.bus.topics.at("invoices").partitions);
}

TEST(Replay, goes_on_when_a_transaction_is_aborted) {
    Replayed replayed;
    replayed.rig.place("ann", "a1");
    replayed.rig.run();
    replayed.rig.bus.commit_fails = {bus::Error::Kind::aborted, bus::Error::Kind::away};
    ASSERT_EQ(replayed.run({.sends = Diverted{"replay."}}), "");
    EXPECT_THAT(replayed.rig.names("replay.invoices"), ElementsAre("a1#1"));
    EXPECT_EQ(replayed.result.events, 1U);
}

TEST(Replay, ends_when_another_one_takes_its_place) {
    Replayed replayed;
    replayed.rig.place("ann", "a1");
    replayed.rig.run();
    replayed.rig.bus.commit_fails = {bus::Error::Kind::fenced};
    EXPECT_EQ(replayed.run({.sends = Diverted{"replay."}}), "as the test wants it");
}

TEST(Replay, ends_at_what_was_there_when_it_began) {
    Replayed replayed;
    auto& rig = replayed.rig;
    rig.place("ann", "a1");
    rig.run();
    rig.handled.clear();
    rig.workers.hold = true;
    std::optional<ReplayResult> result;
    auto const replay = start_replay(rig.app, {.topic = "orders"},
                                     {rig.loop, rig.bus, rig.workers, *rig.codecs, rig.story},
                                     [&](auto said) { result = *said; });
    rig.run(200);
    rig.place("ann", "a2");
    rig.run(100);
    rig.workers.release_all();
    rig.run(1'000);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->events, 1U);
}

TEST(Replay, of_chosen_partitions_and_times) {
    Replayed replayed(bill, 2);
    auto& rig = replayed.rig;
    rig.place("ann", "a1", 0);
    rig.place("bob", "b1", 1);
    rig.run(10'000);
    rig.place("ann", "a2", 0);
    rig.run();
    rig.handled.clear();
    ASSERT_EQ(replayed.run({.partitions = {1}}), "");
    EXPECT_THAT(rig.handled, ElementsAre("b1"));
    rig.handled.clear();
    auto const middle = Time{milliseconds{rig.loop.now().wall_ms - 5'000}};
    ASSERT_EQ(replayed.run({.from = middle}), "");
    EXPECT_THAT(rig.handled, ElementsAre("a2"));
    rig.handled.clear();
    ASSERT_EQ(replayed.run({.to = middle}), "");
    EXPECT_THAT(rig.handled, UnorderedElementsAre("a1", "b1"));
}

TEST(Replay, of_nothing_ends_at_once) {
    Replayed replayed;
    ASSERT_EQ(replayed.run({.sends = Diverted{"replay."}}), "");
    EXPECT_EQ(replayed.result.events, 0U);
    EXPECT_THAT(replayed.result.outcomes, IsEmpty());
}

TEST(Replay, does_not_wait_for_delayed_events_nor_answer_requests) {
    Replayed replayed([](Placed const& placed, Context& context) {
        context.send("reminders", Billed{placed.name}, {.delay = std::chrono::hours{24}});
        context.reply(Billed{placed.name});
        return done();
    });
    auto& rig = replayed.rig;
    rig.bus.topics["answers"] = {.name = "answers", .partitions = 1};
    Headers headers{{"ce_type", "orders.placed"}};
    write_reply_to(headers, {"answers", 0, "1"});
    rig.bus.append({.topic = "orders",
                    .partition = 0,
                    .value = R"({"name":"a"})",
                    .headers = std::move(headers)});
    rig.run(5'000);
    EXPECT_THAT(rig.names("answers"), ElementsAre("a"));
    ASSERT_EQ(replayed.run({.sends = Diverted{"replay."}}), "");
    EXPECT_EQ(replayed.result.sent, 2U);
    EXPECT_THAT(rig.names("replay.reminders"), ElementsAre("a"));
    EXPECT_THAT(rig.names("answers"), ElementsAre("a"));
}

TEST(Replay, that_makes_no_sense_says_why) {
    Replayed replayed;
    EXPECT_EQ(replayed.run({.topic = "cancellations"}),
              "billing has no handler for topic cancellations");
    EXPECT_EQ(replayed.run({.sends = Diverted{}}),
              "sends are diverted to the topics themselves: topic_prefix is empty");
    EXPECT_EQ(replayed.run({.partitions = {3}}), "orders has no partition 3: it has 1");
    EXPECT_EQ(replayed.run({.from = Time{milliseconds{2}}, .to = Time{milliseconds{1}}}),
              "the replay ends before it begins: `to` is before `from`");
}

}  // namespace
}  // namespace klamm::handler::test
