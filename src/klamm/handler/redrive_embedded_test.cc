// handler/redrive_embedded_test.cc - redrives, the engine that parks keys, and the real broker
// together, in virtual time.
#include "klamm/handler/engine/embedded_fixture.h"
#include "klamm/handler/redrive.h"

#include <gmock/gmock.h>

#include <set>

namespace klamm::handler::test {
namespace {

using bus::Cut;
using testing::ElementsAre;
using testing::IsEmpty;

/// Orders whose names are in `poison` are refused.
struct Billing : testing::Test, RedriveObserver {
    bus::BrokerWorld world;
    App app{"billing"};
    Instance one{world, app};
    Outside outside{world};
    std::set<std::string> poison;
    std::vector<std::string> handled;  ///< with success, in order

    Billing() {
        app.topic("orders", {.partitions = 1});
        app.on<Placed>("orders", [this](Placed const& placed, Context&) -> Outcome {
            if (poison.contains(placed.name)) return dead_letter("refused", "CardRefused");
            handled.push_back(placed.name);
            return done();
        });
        one.start();
    }
    void place(std::string const& key, std::string const& name) { outside.place(key, name); }
    void settle() {
        world.pass(Duration{3'000});
        EXPECT_TRUE(world.run_until([&] { return one.engine->idle(); }));
    }
    RedriveResult redrive_now(RedriveOptions options = {}) {
        options.topic = "orders-dlt";
        std::optional<bus::Result<RedriveResult>> result;
        redrive(world.loop(), *outside.bus, std::move(options), *this,
                [&](auto done) { result.emplace(std::move(done)); });
        EXPECT_TRUE(world.run_until([&] { return result.has_value(); }));
        EXPECT_TRUE(*result) << (*result ? "" : result->error().why);
        settle();
        return result->value_or(RedriveResult{});
    }
    std::vector<StoredDeadLetter> waiting() {
        std::vector<StoredDeadLetter> letters;
        bool over = false;
        scan_dead_letters(
            *outside.bus, {.topic = "orders-dlt"},
            [&](StoredDeadLetter const& letter, std::int64_t) {
                letters.push_back(letter);
                return true;
            },
            [&](auto const& scan) { over = scan.has_value(); });
        EXPECT_TRUE(world.run_until([&] { return over; }));
        return letters;
    }
    bool is_parked() const { return !one.engine->health().healthy(); }
    static RedriveOptions only(StoredDeadLetter const& letter) {
        RedriveOptions options;
        options.rules.selection.positions = {{letter.position.partition, letter.position.offset}};
        return options;
    }
};

TEST_F(Billing, a_parked_key_is_free_when_its_dead_letters_have_been_redriven) {
    poison = {"a1"};
    for (auto const* name : {"a1", "a2", "a3"}) place("ann", name);
    place("bob", "b1");
    settle();
    EXPECT_THAT(handled, ElementsAre("b1"));
    ASSERT_EQ(waiting().size(), 3U);
    EXPECT_EQ(waiting()[0].letter.error_type, "CardRefused");
    EXPECT_TRUE(waiting()[1].letter.parked);
    EXPECT_TRUE(is_parked());

    poison.clear();
    handled.clear();
    auto const result = redrive_now(only(waiting().front()));
    EXPECT_EQ(result.redriven, 3U);
    EXPECT_EQ(result.along, 2U);
    EXPECT_THAT(handled, ElementsAre("a1", "a2", "a3"));
    EXPECT_FALSE(is_parked());
    place("ann", "a4");
    settle();
    EXPECT_THAT(handled, ElementsAre("a1", "a2", "a3", "a4"));
    EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Billing, a_discarded_dead_letter_is_not_handled_and_those_behind_it_are) {
    poison = {"a1"};
    for (auto const* name : {"a1", "a2"}) place("ann", name);
    settle();
    auto discard = only(waiting().front());
    discard.rules.discard = true;
    discard.reason = "ordered by mistake";
    EXPECT_EQ(redrive_now(discard).redriven, 1U);
    EXPECT_TRUE(is_parked());
    EXPECT_EQ(waiting().size(), 1U);
    EXPECT_EQ(redrive_now().redriven, 1U);
    EXPECT_THAT(handled, ElementsAre("a2"));
    EXPECT_FALSE(is_parked());
}

TEST_F(Billing, a_key_is_free_when_all_of_it_was_discarded_or_sent_elsewhere) {
    poison = {"a1", "b1"};
    for (auto const* name : {"a1", "a2"}) place("ann", name);
    for (auto const* name : {"b1", "b2"}) place("bob", name);
    settle();
    RedriveOptions discard;
    discard.rules.discard = true;
    discard.rules.selection.key = "ann";
    EXPECT_EQ(redrive_now(discard).redriven, 2U);
    world.create_topics(*outside.bus, {{.name = "by-hand"}});
    RedriveOptions elsewhere;
    elsewhere.to = "by-hand";
    EXPECT_EQ(redrive_now(elsewhere).redriven, 2U);
    EXPECT_FALSE(is_parked());
    poison.clear();
    place("ann", "a3");
    place("bob", "b3");
    settle();
    EXPECT_THAT(handled, ElementsAre("a3", "b3"));
}

TEST_F(Billing, what_fails_again_comes_back_in_its_place_until_that_is_enough) {
    poison = {"a1"};
    for (auto const* name : {"a1", "a2"}) place("ann", name);
    settle();
    auto const first = waiting().front().letter.original;
    for (std::int32_t round = 1; round <= 3; ++round) {
        place("ann", "later" + std::to_string(round));
        settle();
        EXPECT_EQ(redrive_now().redriven, static_cast<std::size_t>(round) + 2);
        auto const back = waiting();
        ASSERT_EQ(back.size(), static_cast<std::size_t>(round) + 2);
        EXPECT_EQ(back.front().letter.original, first);
        EXPECT_EQ(back.front().letter.redrives, round);
    }
    auto const stays = redrive_now();
    EXPECT_EQ(stays.redriven, 0U);
    EXPECT_EQ(stays.stay.at(Stays::redriven_often), 1U);
    EXPECT_EQ(stays.stay.at(Stays::overtakes), 4U);
    EXPECT_THAT(handled, IsEmpty());

    poison.clear();
    RedriveOptions force;
    force.rules.redrives_max = 100;
    redrive_now(force);
    EXPECT_THAT(handled, ElementsAre("a1", "a2", "later1", "later2", "later3"));
    EXPECT_FALSE(is_parked());
}

TEST_F(Billing, lost_answers_and_a_restart_of_the_broker_send_nothing_twice) {
    poison = {"a1", "b1", "c1"};
    for (auto const* name : {"a1", "b1", "c1", "a2", "b2"}) place(std::string(1, name[0]), name);
    settle();
    poison.clear();
    int lost = 0;
    world.cut = [&](std::int16_t api) {
        auto const is_one = api == kafka::EndTxnRequest::api.key ||
                            api == kafka::TxnOffsetCommitRequest::api.key ||
                            api == kafka::ProduceRequest::api.key;
        if (!is_one || lost >= 12) return Cut::none;
        return ++lost % 2 == 0 ? Cut::answer : Cut::request;
    };
    RedriveOptions slowly;
    slowly.per_second = 2;
    world.virtual_loop.after(Duration{1'500}, [&] {
        world.kill();
        world.start();
    });
    EXPECT_EQ(redrive_now(slowly).redriven, 5U);
    EXPECT_GT(lost, 6);
    EXPECT_THAT(handled, testing::UnorderedElementsAre("a1", "b1", "c1", "a2", "b2"));
    EXPECT_FALSE(is_parked());
    EXPECT_THAT(waiting(), IsEmpty());
}

}  // namespace
}  // namespace klamm::handler::test
