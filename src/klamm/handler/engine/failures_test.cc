// What becomes of an event whose handler fails, and of those behind it.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Outcome refuse(Placed const&, Context&) { return dead_letter("the card was refused", "Refused"); }

Rig::Handle refuse_only(std::string name) {
    return [name = std::move(name)](Placed const& placed, Context& context) {
        return placed.name == name ? refuse(placed, context) : done();
    };
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
    Rig rig(refuse_only("a1"));
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
    Rig rig(refuse_only("a"), {.park = Park::partition});
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
    Rig rig(refuse_only("a"), {.park = Park::none});
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
    Rig rig(refuse_only("a1"));
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

}  // namespace
}  // namespace klamm::handler::test
