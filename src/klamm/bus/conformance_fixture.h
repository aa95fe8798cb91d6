// bus/conformance_fixture.h - the words in which the suite of conformance.h is told.
#pragma once

#include "klamm/bus/subscriber_fixture.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace klamm::bus {

template <typename World>
class BusConformance : public testing::Test {
protected:
    BusConformance() : bus_(world_.make_bus()), topic_(world_.unique("events")) {}

    /// Asks, and runs the loop until the answer is there.
    template <class T>
    Result<T> wait(std::function<void(Done<T>)> const& ask) {
        auto const answer = std::make_shared<std::optional<Result<T>>>();
        bool inside = true;
        ask([answer, &inside](Result<T> result) {
            EXPECT_FALSE(inside) << "an answer inside the call that asked";
            EXPECT_FALSE(answer->has_value()) << "answered twice";
            *answer = std::move(result);
        });
        inside = false;
        EXPECT_TRUE(world_.run_until([&] { return answer->has_value(); })) << "no answer";
        if (!*answer) return std::unexpected(Error{Error::Kind::away, "no answer"});
        return std::move(**answer);
    }
    template <class T>
    T good(std::function<void(Done<T>)> const& ask) {
        auto result = wait<T>(ask);
        EXPECT_TRUE(result) << result.error().why;
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }
    static Error::Kind kind_of(Result<void> const& result) {
        EXPECT_FALSE(result) << "it succeeded";
        return result ? Error::Kind{} : result.error().kind;
    }

    // ---- a small language

    std::string create(std::string const& name, std::int32_t partitions = 1,
                       std::map<std::string, std::string> configs = {}) {
        good<void>([&](auto done) {
            bus_->create_topics({{.name = name, .partitions = partitions, .configs = configs}},
                                std::move(done));
        });
        return name;
    }
    TopicPartition at(std::int32_t partition = 0) const { return {topic_, partition}; }
    std::vector<Position> send(std::vector<Outgoing> records) {
        return good<std::vector<Position>>(
            [&](auto done) { bus_->send(std::move(records), std::move(done)); });
    }
    void send(Texts const& values, std::int32_t partition = 0) {
        std::vector<Outgoing> records;
        for (auto const& value : values) records.push_back(outgoing(topic_, partition, value));
        send(std::move(records));
    }
    /// All that there is.
    std::vector<Record> read_all(TopicPartition const& partition, std::int64_t from = 0) {
        std::vector<Record> all;
        for (;;) {
            auto result = good<ReadResult>(
                [&](auto done) { bus_->read(partition, from, 1 << 20, std::move(done)); });
            for (auto& record : result.records) all.push_back(std::move(record));
            if (result.next >= result.end) return all;
            EXPECT_GT(result.next, from) << "nothing came, and it is not the end";
            if (result.next <= from) return all;
            from = result.next;
        }
    }
    Texts values(std::int32_t partition = 0) { return values_of(read_all(at(partition))); }
    Committed committed(std::string const& group, std::int32_t partition = 0) {
        auto const all = good<std::map<TopicPartition, Committed>>(
            [&](auto done) { bus_->committed(group, {at(partition)}, std::move(done)); });
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? Committed{} : all.begin()->second;
    }
    std::unique_ptr<Producer> producer(std::string const& id, Bus* bus = nullptr) {
        auto made = (bus == nullptr ? *bus_ : *bus)
                        .make_producer({.transactional_id = id, .client_id = "test"});
        good<void>([&](auto done) { made->initialize(std::move(done)); });
        return made;
    }
    Result<void> commit(Producer& producer, Transaction transaction) {
        return wait<void>(
            [&](auto done) { producer.commit(std::move(transaction), std::move(done)); });
    }
    Transaction write(Texts const& values, std::int32_t partition = 0) const {
        Transaction transaction;
        for (auto const& value : values)
            transaction.records.push_back(outgoing(topic_, partition, value));
        return transaction;
    }
    std::unique_ptr<Consumer> consumer(Bus& bus, std::string const& group, TestSubscriber& hears) {
        auto made =
            bus.make_consumer({.group = group, .topics = {topic_}, .client_id = "test"}, hears);
        hears.consumer = made.get();
        return made;
    }
    bool until(std::function<bool()> const& reached) { return world_.run_until(reached); }

    World world_;
    std::unique_ptr<Bus> bus_;
    std::string topic_;
};

TYPED_TEST_SUITE_P(BusConformance);

}  // namespace klamm::bus
