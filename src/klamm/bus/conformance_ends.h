// bus/conformance_ends.h - what is destroyed while it works, and a log that never answers.
#pragma once

#include "klamm/bus/conformance_fixture.h"

namespace klamm::bus {

TYPED_TEST_P(BusConformance, EverythingMayBeDestroyedInsideItsOwnCallbacks) {
    this->create(this->topic_);
    this->send(Texts{"a"});
    for (int which = 0; which < 3; ++which) {
        auto bus = this->world_.make_bus();
        TestSubscriber hears;
        auto consumer = this->consumer(*bus, this->world_.unique("group"), hears);
        int heard = 0;
        hears.on_anything = [&] {
            if (++heard > which) consumer.reset();
        };
        EXPECT_TRUE(this->until([&] { return !consumer || !hears.read.empty(); }));
        consumer.reset();
        auto producer = bus->make_producer(
            {.transactional_id = this->world_.unique("producer"), .client_id = "test"});
        bool over = false;
        producer->initialize([&](Result<void>) {
            if (which == 0) {
                producer.reset();
                over = true;
                return;
            }
            producer->commit(this->write({"b"}), [&](Result<void>) {
                producer.reset();
                over = true;
            });
        });
        EXPECT_TRUE(this->until([&] { return over; }));
        over = false;
        bus->describe_topics({this->topic_}, [&](auto) {
            bus.reset();
            over = true;
        });
        bus->read(this->at(), 0, 1000, [&](auto) {
            EXPECT_TRUE(bus != nullptr || over) << "called although the bus is gone";
        });
        EXPECT_TRUE(this->until([&] { return over; }));
    }
    this->world_.pass(Duration{1'000});
}

TYPED_TEST_P(BusConformance, WhoNeverAnswersIsAwayInTheEnd) {
    auto const bus = this->world_.make_absent_bus();
    auto const is_away = [](auto const& result) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, Error::Kind::away) << result.error().why;
        EXPECT_FALSE(result.error().why.empty());
    };
    is_away(this->template wait<Capabilities>([&](auto done) { bus->probe(std::move(done)); }));
    is_away(this->template wait<void>(
        [&](auto done) { bus->create_topics({{.name = "x"}}, std::move(done)); }));
    is_away(this->template wait<std::vector<TopicDescription>>(
        [&](auto done) { bus->describe_topics({"x"}, std::move(done)); }));
    is_away(this->template wait<std::int64_t>([&](auto done) {
        bus->offset_at({"x", 0}, earliest, std::move(done));
    }));
    is_away(this->template wait<ReadResult>([&](auto done) {
        bus->read({"x", 0}, 0, 1000, std::move(done));
    }));
    is_away(this->template wait<std::map<TopicPartition, Committed>>([&](auto done) {
        bus->committed("g", {{"x", 0}}, std::move(done));
    }));
    is_away(this->template wait<std::vector<Position>>(
        [&](auto done) { bus->send({outgoing("x", 0, "y")}, std::move(done)); }));
    auto const producer = bus->make_producer({.transactional_id = "t", .client_id = "test"});
    is_away(this->template wait<void>([&](auto done) { producer->initialize(std::move(done)); }));
    TestSubscriber hears;
    auto const consumer = bus->make_consumer({.group = "g", .topics = {"x"}}, hears);
    EXPECT_TRUE(this->until([&] { return !hears.away_because.empty(); }));
    EXPECT_EQ(hears.times_back, 0);
}

}  // namespace klamm::bus
