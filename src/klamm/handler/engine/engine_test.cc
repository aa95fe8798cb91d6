#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::vector<std::string>;

Outcome refuse(Placed const&, Context&) { return dead_letter("the card was refused", "Refused"); }

// ---- start ------------------------------------------------------------------------------------

TEST(EngineStart, makes_topics_ledgers_and_places_for_dead_letters) {
    Rig rig;
    rig.start();
    ASSERT_TRUE(rig.started && *rig.started);
    EXPECT_TRUE(rig.engine->ready());
    EXPECT_EQ(rig.bus.topics.at("billing-orders-ledger").configs.at("cleanup.policy"), "compact");
    EXPECT_EQ(rig.bus.topics.at("billing-orders-ledger").partitions, 1);
    EXPECT_EQ(rig.bus.topics.at("orders-dlt").configs.at("retention.ms"), "-1");
}

TEST(EngineStart, refuses_a_log_that_lacks_something_with_its_words) {
    Rig rig;
    rig.bus.capabilities.lacks = "it has no transactions: run Kafka 2.5 or newer";
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("Kafka 2.5"));
    EXPECT_FALSE(rig.engine->health().healthy());
}

TEST(EngineStart, refuses_a_ledger_with_another_number_of_partitions) {
    Rig rig;
    rig.bus.topics["orders"] = {.name = "orders", .partitions = 4};
    rig.bus.topics["billing-orders-ledger"] = {.name = "billing-orders-ledger", .partitions = 2};
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("orders has 4 partitions, but"));
}

TEST(EngineStart, refuses_two_handlers_of_one_type_in_one_topic) {
    Rig rig;
    rig.app.on<Placed>("orders", [](Placed const&, Context&) { return done(); });
    rig.start();
    ASSERT_TRUE(rig.started);
    ASSERT_FALSE(*rig.started);
    EXPECT_THAT(rig.started->error().why, HasSubstr("two handlers for orders.placed"));
}

TEST(EngineStart, waits_for_a_log_that_is_away_for_an_hour) {
    Rig rig;
    rig.bus.is_away = true;
    rig.start();
    rig.run(3'600'000);
    EXPECT_FALSE(rig.started);
    EXPECT_FALSE(rig.engine->health().healthy());
    rig.bus.is_away = false;
    rig.run(20'000);
    ASSERT_TRUE(rig.started && *rig.started);
    EXPECT_TRUE(rig.engine->health().healthy());
}

// ---- delivery -----------------------------------------------------------------------------------

TEST(EngineDelivery, sends_leave_with_the_offset_in_one_transaction) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
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
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
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
    rig.bus.append({.topic = "orders",
                    .key = "ann",
                    .value = "{}",
                    .headers = {{"ce_id", "1"}, {"ce_source", "/x"}, {"ce_type", "other"}}});
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
    rig.bus.append({.topic = "orders",
                    .key = "ann",
                    .value = "{}",
                    .headers = {{"ce_id", "1"}, {"ce_source", "/x"}, {"ce_type", "other"}}});
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

// ---- retries ------------------------------------------------------------------------------------

TEST(EngineRetry, a_failing_key_waits_and_others_go_on) {
    Rig rig([](Placed const& placed, Context& context) {
        return placed.name == "a1" && context.attempt() < 3 ? retry("not yet") : done();
    });
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.place("bob", "b");
    rig.run(5'000);
    EXPECT_THAT(rig.handled, ElementsAre("a1", "b", "a1", "a1", "a2"));
    EXPECT_EQ(rig.engine->counts().retries, 2U);
    EXPECT_THAT(rig.dead(), IsEmpty());
}

TEST(EngineRetry, counters_are_each_events_own) {
    Rig rig([](Placed const& placed,
               Context&) { return placed.name.starts_with("bad") ? retry("always") : done(); },
            {.retry = {.attempts = 3, .first = milliseconds{100}}});
    rig.start();
    rig.place("ann", "bad");
    for (int n = 0; n < 50; ++n) {
        rig.place("bob", "b" + std::to_string(n));
        rig.run(20);
    }
    rig.run(5'000);
    EXPECT_EQ(std::ranges::count(rig.handled, "bad"), 3);
    ASSERT_THAT(rig.letters(), testing::SizeIs(1));
    EXPECT_EQ(rig.letters()[0].attempts, 3);
}

TEST(EngineRetry, exceptions_go_by_the_table_and_else_by_their_type) {
    struct Odd {};
    Rig rig(
        [](Placed const& placed, Context&) -> Outcome {
            if (placed.name == "declared") throw std::out_of_range("x");
            if (placed.name == "odd") throw Odd{};
            throw std::invalid_argument("what it says");
        },
        {.retry = {.attempts = 2, .first = milliseconds{10}},
         .exceptions = {on_exception<std::out_of_range>(
             [](auto const&) { return dead_letter("declared", "Mine"); })}});
    rig.start();
    rig.place("a", "declared");
    rig.place("b", "odd");
    rig.place("c", "undeclared");
    rig.run(5'000);
    std::map<std::string, DeadLetter> letters;
    for (auto const& letter : rig.letters()) letters[letter.error_type] = letter;
    EXPECT_EQ(letters.at("Mine").attempts, 1);
    EXPECT_EQ(letters.at("std::invalid_argument").attempts, 2);
    EXPECT_EQ(letters.at("std::invalid_argument").reason, "what it says");
    EXPECT_EQ(letters.size(), 3U);
}

/// JSON, but its registry may be away.
class FarCodecs final : public Codecs {
public:
    explicit FarCodecs(bus::VirtualLoop& loop) : loop_(loop) {}
    bool away = true;
    int asked = 0;

    void prepare(App const&, bus::Done<void> done) override { done({}); }
    Encoded encode(std::string const& topic, EventType const& type, void const* event) override {
        return near_->encode(topic, type, event);
    }
    void decode(EventType const& type, Message const& message,
                std::move_only_function<
                    void(bus::Result<std::expected<std::shared_ptr<void const>, Undecodable>>)>
                    done) override {
        ++asked;
        if (!away) return near_->decode(type, message, std::move(done));
        loop_.post([done = std::move(done)]() mutable {
            done(std::unexpected(bus::Error{bus::Error::Kind::away, "it does not answer"}));
        });
    }

private:
    bus::VirtualLoop& loop_;
    std::unique_ptr<Codecs> near_ = make_codecs(Format::json, nullptr, loop_);
};

TEST(EngineRetry, a_registry_that_is_away_is_no_failure_of_the_event) {
    Rig rig(nullptr, {.retry = {.attempts = 1}});
    auto far = std::make_unique<FarCodecs>(rig.loop);
    auto& codecs = *far;
    rig.codecs = std::move(far);
    rig.start();
    rig.place("ann", "a");
    rig.run(3'600'000);
    EXPECT_THAT(rig.handled, IsEmpty());
    EXPECT_THAT(rig.dead(), IsEmpty());
    EXPECT_GT(codecs.asked, 10);
    codecs.away = false;
    rig.run(60'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
}

TEST(EngineRetry, what_a_failed_run_sent_does_not_count) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return context.attempt() == 1 ? retry("once more") : done();
    });
    rig.start();
    rig.place("ann", "a");
    rig.run(5'000);
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
}

// ---- parking ------------------------------------------------------------------------------------

TEST(EngineParking, later_events_of_a_failed_key_follow_it_in_order_without_being_run) {
    Rig rig([](Placed const& placed, Context& context) {
        return placed.name == "a1" ? refuse(placed, context) : done();
    });
    rig.start();
    for (auto const* name : {"a1", "a2", "a3"}) rig.place("ann", name);
    rig.place("bob", "b");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "b"));
    EXPECT_THAT(rig.dead(), ElementsAre("a1", "a2", "a3"));
    EXPECT_FALSE(rig.letters()[0].parked);
    EXPECT_TRUE(rig.letters()[1].parked);
    EXPECT_EQ(rig.engine->counts().parked, 2U);
    // It stays so after a restart.
    rig.crash();
    rig.start();
    rig.place("ann", "a4");
    rig.run();
    EXPECT_THAT(rig.dead(), ElementsAre("a1", "a2", "a3", "a4"));
}

TEST(EngineParking, a_partition_waits_when_the_handler_says_so) {
    Rig rig([](Placed const& placed,
               Context& context) { return placed.name == "a" ? refuse(placed, context) : done(); },
            {.park = Park::partition});
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.place("bob", "b");
    rig.run();
    EXPECT_THAT(rig.dead(), ElementsAre("a", "b"));
    rig.redrive(0, true);
    rig.redrive(1);
    rig.run();
    rig.place("bob", "c");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a", "b", "c"));
}

TEST(EngineParking, nothing_waits_when_the_handler_says_so) {
    Rig rig([](Placed const& placed,
               Context& context) { return placed.name == "a" ? refuse(placed, context) : done(); },
            {.park = Park::none});
    rig.start();
    rig.place("ann", "a");
    rig.place("ann", "b");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a", "b"));
    EXPECT_EQ(rig.letters().at(0).park, Park::none);
}

TEST(EngineParking, redriven_events_are_handled_in_order_and_free_the_key) {
    bool works = false;
    Rig rig([&](Placed const& placed, Context& context) {
        return works ? done() : refuse(placed, context);
    });
    rig.start();
    for (auto const* name : {"a1", "a2"}) rig.place("ann", name);
    rig.run();
    works = true;
    rig.redrive(0);
    rig.place("ann", "a3");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1"));  // a3 waits behind a2
    EXPECT_THAT(rig.dead(), ElementsAre("a1", "a2", "a3"));
    rig.redrive(1);
    rig.redrive(2);
    rig.run();
    rig.place("ann", "a4");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1", "a2", "a3", "a4"));
    EXPECT_EQ(rig.engine->counts().redriven, 3U);
}

TEST(EngineParking, what_fails_again_goes_back_with_those_behind_it) {
    int fails = 2;
    Rig rig([&](Placed const& placed, Context& context) {
        return placed.name == "a1" && fails-- > 0 ? refuse(placed, context) : done();
    });
    rig.start();
    for (auto const* name : {"a1", "a2"}) rig.place("ann", name);
    rig.run();
    rig.redrive(0);
    rig.redrive(1);
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1"));
    EXPECT_THAT(rig.dead(), ElementsAre("a1", "a2", "a1", "a2"));
    EXPECT_EQ(rig.letters()[2].redrives, 1);
    EXPECT_EQ(rig.letters()[2].original, (Position{"orders", 0, 0}));
    EXPECT_TRUE(rig.letters()[3].parked);
    rig.redrive(2);
    rig.redrive(3);
    rig.run();
    rig.place("ann", "a3");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1", "a1", "a2", "a3"));
}

TEST(EngineParking, a_discarded_dead_letter_frees_its_key) {
    Rig rig([](Placed const& placed, Context& context) {
        return placed.name == "a1" ? refuse(placed, context) : done();
    });
    rig.start();
    rig.place("ann", "a1");
    rig.run();
    rig.redrive(0, true);
    rig.run();
    rig.place("ann", "a2");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a2"));
}

TEST(EngineParking, redrives_for_other_groups_are_passed_over) {
    Rig rig(refuse);
    rig.start();
    rig.place("ann", "a1");
    rig.run();
    rig.redrive(0, false, "shipping");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    EXPECT_THAT(rig.dead(), ElementsAre("a1"));
}

TEST(EngineRestore, waits_for_what_an_open_transaction_hides_in_the_ledger) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.crash();
    // The last stable offset of the ledger stands before what was committed.
    auto const all = rig.bus.logs[{"billing-orders-ledger", 0}];
    rig.bus.logs[{"billing-orders-ledger", 0}] = {};
    rig.start();
    rig.place("bob", "a");
    rig.run(30'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_FALSE(rig.engine->idle());
    EXPECT_THAT(to_json(rig.engine->health()), HasSubstr("an open transaction hides it"));
    rig.bus.logs[{"billing-orders-ledger", 0}] = all;
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_EQ(rig.engine->counts().duplicates, 1U);
}

TEST(EngineRestore, goes_on_without_a_ledger_that_was_deleted_after_every_transaction_has_ended) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    rig.crash();
    rig.bus.logs[{"billing-orders-ledger", 0}] = {};
    rig.start();
    rig.place("ann", "b");
    rig.run(800'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    rig.run(200'000);
    EXPECT_THAT(rig.handled, ElementsAre("a", "b"));
    EXPECT_THAT(rig.story.logs, testing::Contains(HasSubstr("it has been deleted or emptied")));
    EXPECT_TRUE(rig.engine->health().healthy()) << to_json(rig.engine->health());
}

TEST(EngineRestore, goes_on_where_its_ledger_says_when_the_group_was_forgotten) {
    Rig rig;
    rig.start();
    rig.place("ann", "a");
    rig.bus.append({.topic = "orders", .key = "bob", .value = R"({"name":"without an id"})"});
    rig.run();
    EXPECT_THAT(rig.handled, testing::SizeIs(2));
    rig.crash();
    rig.bus.groups.clear();
    rig.start();
    rig.place("ann", "b");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a", "without an id", "b"));
    EXPECT_EQ(rig.committed().offset, 3);
}

// ---- transactions and memberships -------------------------------------------------------------

TEST(EngineCommit, an_aborted_transaction_is_done_again_without_running_handlers_again) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::aborted, FakeBus::Kind::aborted};
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.transactions, 3);
    EXPECT_EQ(rig.engine->counts().transactions_failed, 2U);
}

TEST(EngineCommit, one_that_was_fenced_begins_anew_from_what_is_committed) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::fenced};
    rig.place("ann", "a");
    rig.run(10'000);
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.joins, 2);
    EXPECT_TRUE(rig.engine->health().healthy());
}

TEST(EngineCommit, one_that_is_fenced_again_and_again_stays_away) {
    Rig rig;
    rig.start();
    rig.bus.commit_fails.assign(100, FakeBus::Kind::fenced);
    rig.place("ann", "a");
    rig.run(600'000);
    EXPECT_EQ(rig.bus.joins, 5);
    EXPECT_FALSE(rig.engine->health().healthy());
}

TEST(EngineCommit, an_unknown_outcome_is_found_out_by_reading_what_is_committed) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::unknown_outcome};
    rig.place("ann", "a");
    rig.place("ann", "b");
    rig.run(10'000);
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a", "b"));
}

TEST(EngineCommit, an_event_whose_effects_are_refused_becomes_a_dead_letter_and_others_go_on) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
    rig.bus.refuses = [](bus::Transaction const& transaction) {
        return std::ranges::any_of(transaction.records, [](bus::Outgoing const& record) {
            return record.topic == "invoices" && record.value == R"({"name":"bad"})";
        });
    };
    rig.start();
    rig.bus.hold_commits = true;
    rig.place("zoe", "first");
    rig.run();
    for (auto const* name : {"a", "bad", "c"}) rig.place(name, name);
    rig.run();
    rig.bus.hold_commits = false;
    rig.run(30'000);
    EXPECT_THAT(rig.names("invoices"), testing::UnorderedElementsAre("first", "a", "c"));
    EXPECT_THAT(rig.dead(), ElementsAre("bad"));
    EXPECT_EQ(rig.letters().at(0).error_type, "refused");
    EXPECT_EQ(rig.committed().offset, 4);
}

TEST(EngineCommit, a_log_that_goes_away_gets_the_same_transaction_when_it_is_back) {
    Rig rig([](Placed const& placed, Context& context) {
        context.send("invoices", Billed{placed.name});
        return done();
    });
    rig.start();
    rig.bus.commit_fails.assign(100, FakeBus::Kind::away);
    rig.place("ann", "a");
    rig.run(600'000);
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), ElementsAre("a"));
    EXPECT_EQ(rig.bus.joins, 1);
}

TEST(EngineCommit, results_wait_when_the_metadata_has_no_room) {
    Rig rig;
    rig.app.options().concurrency = 5'000;
    rig.app.options().in_flight_max = 10'000;
    rig.workers.hold = true;
    rig.start();
    for (int n = 0; n < 4'000; ++n) {
        auto const name = std::to_string(n);
        rig.place(name, name);
    }
    rig.run();
    ASSERT_EQ(rig.workers.held(), 4'000U);
    // Each second one ends: islands, as many as there can be.
    for (std::size_t n = 1; n <= 1'999; ++n) rig.workers.release(n);
    rig.run();
    EXPECT_LE(rig.committed().metadata.size(), 4'096U);
    EXPECT_EQ(rig.committed().offset, 0);
    auto const committed = rig.story.outcomes.size();
    EXPECT_GT(committed, 500U);
    EXPECT_LT(committed, 1'999U);
    rig.workers.release_all();
    rig.run();
    EXPECT_EQ(rig.committed().offset, 4'000);
    EXPECT_THAT(rig.story.outcomes, testing::SizeIs(4'000));
}

TEST(EngineCommit, one_transaction_at_a_time_and_the_next_takes_all_that_waits) {
    Rig rig;
    rig.start();
    rig.bus.hold_commits = true;
    for (int n = 0; n < 20; ++n) {
        rig.place("k", "e" + std::to_string(n));
        rig.run(100);
    }
    EXPECT_EQ(rig.bus.transactions, 1);
    rig.bus.hold_commits = false;
    rig.run();
    EXPECT_EQ(rig.bus.transactions, 2);
    EXPECT_EQ(rig.committed().offset, 20);
}

TEST(EngineRebalance, what_runs_is_finished_and_committed_before_a_partition_is_released) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run();
    bool released = false;
    rig.bus.revoke({{"orders", 0}}, released);
    rig.run(1'000);
    EXPECT_FALSE(released);
    rig.workers.release_all();
    rig.run(1'000);
    EXPECT_TRUE(released);
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    EXPECT_EQ(rig.committed().offset, 1);
    EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@0 done"));
}

TEST(EngineRebalance, a_handler_that_takes_too_long_does_not_hold_up_the_group) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.run();
    bool released = false;
    rig.bus.revoke({{"orders", 0}}, released);
    rig.run(60'000);
    EXPECT_TRUE(released);
    EXPECT_EQ(rig.committed().offset, -1);
    // The partition comes back: the key waits for the handler that is still at it.
    rig.bus.assign({{"orders", 0}});
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a1"));
    EXPECT_EQ(rig.committed().offset, 1);
}

TEST(EngineRebalance, results_of_a_lost_partition_are_thrown_away) {
    Rig rig(nullptr, {}, 2);
    rig.start();
    rig.bus.commit_fails = {FakeBus::Kind::aborted};
    rig.bus.hold_commits = true;
    rig.place("ann", "a", 0);
    rig.place("bob", "b", 1);
    rig.run();
    rig.bus.lose({{"orders", 0}});
    rig.bus.hold_commits = false;
    rig.run();
    EXPECT_EQ(rig.committed(0).offset, -1);
    EXPECT_EQ(rig.committed(1).offset, 1);
    rig.bus.assign({{"orders", 0}});
    rig.run();
    EXPECT_EQ(rig.committed(0).offset, 1);
}

TEST(EngineStop, finishes_what_runs_and_leaves_the_rest) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    rig.run();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.workers.release_all();
    rig.run();
    EXPECT_EQ(all, true);
    EXPECT_THAT(rig.handled, ElementsAre("a1"));
    EXPECT_EQ(rig.committed().offset, 1);
    rig.crash();
    rig.start();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a1", "a2"));
}

TEST(EngineStop, a_run_may_end_when_the_engine_is_gone) {
    Rig rig([](Placed const& placed, Context& context) -> Outcome {
        context.send("invoices", Billed{placed.name});
        throw std::runtime_error(placed.name);
    });
    rig.workers.hold = rig.workers.late = true;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    EXPECT_THAT(rig.handled, IsEmpty());
    rig.crash();
    rig.workers.release_all();
    rig.run();
    EXPECT_THAT(rig.handled, ElementsAre("a"));
    EXPECT_THAT(rig.names("invoices"), IsEmpty());
}

TEST(EngineStop, ends_a_start_that_waits_for_the_log) {
    Rig rig;
    rig.bus.is_away = true;
    rig.start();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.run();
    EXPECT_EQ(all, true);
    ASSERT_TRUE(rig.started);
    EXPECT_FALSE(*rig.started);
    rig.bus.is_away = false;
    rig.run(60'000);
    EXPECT_EQ(rig.bus.joins, 0);
}

TEST(EngineStop, does_not_wait_for_ever) {
    Rig rig;
    rig.workers.hold = true;
    rig.start();
    rig.place("ann", "a");
    rig.run();
    std::optional<bool> all;
    rig.engine->stop(Duration{5'000}, [&](bool what) { all = what; });
    rig.run(11'000);
    EXPECT_EQ(all, false);
    rig.crash();
    rig.workers.release_all();
    rig.run();
}

}  // namespace
}  // namespace klamm::handler::test
