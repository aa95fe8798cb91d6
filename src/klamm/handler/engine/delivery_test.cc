// Which events are handled, in which order, and what a handler may do.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::vector<std::string>;

bus::Outgoing of_another_type() {
    return {.topic = "orders",
            .key = "ann",
            .value = "{}",
            .headers = {{"ce_id", "1"}, {"ce_source", "/x"}, {"ce_type", "other"}}};
}

TEST(EngineDelivery, sends_leave_with_the_offset_in_one_transaction) {
    Rig rig(bill_to("invoices"));
    rig.app.sends<Billed>("invoices");
    rig.start();
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.committed().offset, 1);
    EXPECT_EQ(rig.bus.transactions, 1);
    EXPECT_EQ(rig.engine->counts().done, 1U);
    EXPECT_EQ(rig.engine->counts().sent, 1U);
    auto const& sent = rig.bus.logs[{"invoices", 0}].records.at(0);
    EXPECT_EQ(find_header(sent.headers, "ce_causationid"), "a");
    EXPECT_EQ(find_header(sent.headers, "ce_source"), "/billing");
    EXPECT_EQ(FakeBus::text(sent.key), "ann");
    EXPECT_TRUE(rig.engine->idle());
}

TEST(EngineDelivery, keys_run_beside_each_other_and_events_of_one_key_one_after_the_other) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.place("bob", "b1");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "b1"));
    rig.workers.release(0);
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "b1", "a2"));
}

TEST(EngineDelivery, order_by_partition_is_one_lane) {
    Rig rig(nullptr, {.order = Order::partition});
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a");
    rig.place("bob", "b");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
}

TEST(EngineDelivery, no_more_than_concurrency_run_and_partitions_take_turns) {
    Rig rig(nullptr, {}, 2);
    rig.app.options().concurrency = 2;
    rig.workers.hold = true;
    for (int n = 0; n < 5; ++n) rig.place("k" + std::to_string(n), "a" + std::to_string(n), 0);
    rig.place("z", "b", 1);
    rig.start();
    EXPECT_THAT(rig.handled, testing::SizeIs(2));
    for (int n = 0; n < 2; ++n) {
        rig.workers.release();
        rig.run(10);
    }
    EXPECT_THAT(Names(rig.handled.begin(), rig.handled.begin() + 4), testing::Contains("b"));
    EXPECT_EQ(rig.workers.held(), 2U);
}

TEST(EngineDelivery, the_committed_offset_never_passes_an_unfinished_event) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a");
    rig.place("bob", "b");
    rig.run();
    rig.workers.release(1);
    rig.run();
    EXPECT_EQ(rig.committed().offset, 0);
    EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@1 done"));
    // After a crash only what was not finished is handled again.
    rig.crash();
    rig.workers.release_all();
    rig.run();
    rig.start();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a", "b", "a"));
    EXPECT_EQ(rig.committed().offset, 2);
}

TEST(EngineDelivery, fetches_stop_when_the_window_is_full_and_go_on) {
    Rig rig;
    rig.app.options().in_flight_max = 10;
    rig.workers.hold = true;
    rig.start();
    for (int n = 0; n < 15; ++n) rig.place("k", "e" + std::to_string(n));
    rig.run();
    for (int n = 15; n < 30; ++n) rig.place("k", "e" + std::to_string(n));
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("e0"));
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.handled, testing::SizeIs(30));
    EXPECT_EQ(rig.committed().offset, 30);
}

TEST(EngineDelivery, an_event_that_comes_again_is_skipped_also_after_a_restart) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.place("ann", "a");
    rig.run();
    rig.crash();
    rig.start();
    rig.place("bob", "a");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@0 done", "orders/0@1 skipped-duplicate",
                                                "orders/0@2 skipped-duplicate"));
}

TEST(EngineDelivery, twice_at_once_under_two_keys_counts_once) {
    Rig rig(bill_to("invoices"));
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a", 0, "same");
    rig.place("bob", "b", 0, "same");
    rig.run();
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.names("invoices"), testing::SizeIs(1));
}

TEST(EngineDelivery, unknown_types_and_tombstones_are_passed_over) {
    Rig rig;
    rig.start();
    rig.bus.append(of_another_type());
    rig.bus.append({.topic = "orders", .key = "ann"});
    rig.run();
    EXPECT_THAT(rig.handled, IsEmpty());
    EXPECT_EQ(rig.engine->counts().unknown, 2U);
    EXPECT_EQ(rig.committed().offset, 2);
}

TEST(EngineDelivery, unknown_types_become_dead_letters_when_the_app_says_so) {
    Rig rig;
    rig.app.options().unknown_types = UnknownTypes::dead_letter;
    rig.start();
    rig.bus.append(of_another_type());
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    ASSERT_THAT(rig.letters(), testing::SizeIs(1));
    EXPECT_EQ(rig.letters()[0].error_type, "unknown_type");
}

TEST(EngineDelivery, a_record_without_a_type_goes_to_the_only_handler) {
    Rig rig;
    rig.start();
    rig.bus.append({.topic = "orders", .value = R"({"name":"plain"})"});
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("plain"));
}

TEST(EngineDelivery, what_cannot_be_decoded_is_a_dead_letter_at_once) {
    Rig rig;
    rig.start();
    rig.bus.append({.topic = "orders", .key = "ann", .value = "{not json"});
    rig.run();
    ASSERT_THAT(rig.letters(), testing::SizeIs(1));
    EXPECT_EQ(rig.letters()[0].error_type, "undecodable");
    EXPECT_EQ(rig.letters()[0].original, (Position{"orders", 0, 0}));
    EXPECT_THAT(rig.handled, IsEmpty());
}

TEST(EngineDelivery, state_of_a_key_is_kept_over_restarts) {
    std::int64_t seen = -1;
    Rig rig([&](Placed const&, Context& context) {
        auto total = context.state<Total>().value_or(Total{});
        seen = ++total.count;
        context.put_state(total);
        return done();
    });
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.place("bob", "b1");
    rig.run();
    rig.crash();
    rig.start();
    rig.place("ann", "a3");
    rig.run();
    EXPECT_EQ(seen, 3);
}

TEST(EngineDelivery, state_without_a_key_is_a_mistake_that_is_told) {
    Rig rig([](Placed const&, Context& context) {
        context.put_state(Total{1});
        return done();
    });
    rig.start();
    rig.bus.append({.topic = "orders", .value = R"({"name":"a"})"});
    rig.run();
    ASSERT_THAT(rig.letters(), testing::SizeIs(1));
    EXPECT_THAT(rig.letters()[0].reason, HasSubstr("without a key"));
}

TEST(EngineDelivery, a_request_is_answered_where_it_asks_for_it) {
    Rig rig([](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name});
        return done();
    });
    rig.bus.topics["answers"] = {.name = "answers", .partitions = 3};
    rig.start();
    rig.bus.append({.topic = "orders",
                    .value = R"({"name":"a"})",
                    .headers = {{"kafka_replyTopic", "answers"},
                                {"kafka_replyPartition", std::string("\0\0\0\2", 4)},
                                {"kafka_correlationId", "id"}}});
    rig.run();
    auto const& answers = rig.bus.logs[{"answers", 2}].records;
    ASSERT_THAT(answers, testing::SizeIs(1));
    EXPECT_EQ(find_header(answers[0].headers, "kafka_correlationId"), "id");
}

}  // namespace
}  // namespace klamm::handler::test
