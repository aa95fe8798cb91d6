// bus/conformance.h - what every bus must do, as one suite of tests.
//
// A test file instantiates it for its implementation:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, BusConformance, EmbeddedWorld);
//
// where the world is default-constructible and has
//
//   std::unique_ptr<Bus> make_bus();         // one more client of the same log
//   std::unique_ptr<Bus> make_absent_bus();  // of one that never answers, with short patience
//   bool run_until(std::function<bool()>);   // runs the loop; false: it does not come true
//   void pass(Duration);                     // runs the loop for a while
//   std::string unique(std::string);         // a name that nobody else has
//   std::int64_t wall_ms();                  // now, as records have it
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/bus/partitioner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace klamm::bus {

inline std::string text_of(std::optional<Slice> const& bytes) {
    if (!bytes) return "(null)";
    return {reinterpret_cast<char const*>(bytes->data()), bytes->size()};
}

using Texts = std::vector<std::string>;

inline Texts values_of(std::vector<Record> const& records) {
    Texts values;
    for (auto const& record : records) values.push_back(text_of(record.value));
    return values;
}

inline Outgoing outgoing(std::string topic, std::int32_t partition, std::string value) {
    Outgoing record;
    record.topic = std::move(topic);
    record.partition = partition;
    record.value = std::move(value);
    return record;
}

/// Remembers what it hears.
struct TestSubscriber : Subscriber {
    std::map<TopicPartition, Committed> mine;
    std::vector<Record> read;
    std::vector<std::pair<std::vector<TopicPartition>, std::move_only_function<void()>>> to_release;
    std::vector<TopicPartition> gone;
    std::vector<std::pair<std::int64_t, std::int64_t>> jumps;
    Texts away_because;
    int times_back = 0;
    Consumer* consumer = nullptr;
    bool resumes = true;   ///< at once, where the group had committed or at the beginning
    bool releases = true;  ///< at once
    std::function<void()> on_anything;

    void heard() {
        if (on_anything) on_anything();
    }
    void assigned(std::map<TopicPartition, Committed> const& partitions) override {
        for (auto const& [partition, committed] : partitions) {
            EXPECT_FALSE(mine.contains(partition)) << "assigned twice";
            mine[partition] = committed;
            if (resumes)
                consumer->resume(partition, committed.offset < 0 ? earliest : committed.offset);
        }
        heard();
    }
    void revoked(std::vector<TopicPartition> const& partitions,
                 std::move_only_function<void()> released) override {
        for (auto const& partition : partitions)
            EXPECT_EQ(mine.erase(partition), 1U) << "revoked without being assigned";
        if (releases)
            released();
        else
            to_release.emplace_back(partitions, std::move(released));
        heard();
    }
    void lost(std::vector<TopicPartition> const& partitions) override {
        for (auto const& partition : partitions) mine.erase(partition);
        gone.insert(gone.end(), partitions.begin(), partitions.end());
        heard();
    }
    void records(std::vector<Record> records) override {
        EXPECT_FALSE(records.empty());
        for (auto& record : records) read.push_back(std::move(record));
        heard();
    }
    void skipped(TopicPartition const&, std::int64_t from, std::int64_t to) override {
        jumps.emplace_back(from, to);
        heard();
    }
    void away(std::string const& why) override {
        away_because.push_back(why);
        heard();
    }
    void back() override {
        ++times_back;
        heard();
    }
};

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

// ---- topics ------------------------------------------------------------------------------------

TYPED_TEST_P(BusConformance, TheLogSaysWhatItCanDo) {
    auto const found =
        this->template good<Capabilities>([&](auto done) { this->bus_->probe(std::move(done)); });
    EXPECT_EQ(found.lacks, "");
    EXPECT_TRUE(found.transactions);
    EXPECT_TRUE(found.stable_offsets);
    EXPECT_FALSE(found.cluster_id.empty());
    EXPECT_FALSE(found.description.empty());
}

TYPED_TEST_P(BusConformance, TopicsAreMadeOnceAndDescribed) {
    auto const missing = this->world_.unique("missing");
    this->create(this->topic_, 3);
    this->create(this->topic_, 5);  // left as it is
    auto const described = this->template good<std::vector<TopicDescription>>([&](auto done) {
        this->bus_->describe_topics({missing, this->topic_}, std::move(done));
    });
    ASSERT_EQ(described.size(), 2U);
    EXPECT_EQ(described[0].name, missing);
    EXPECT_EQ(described[0].partitions, 0);
    EXPECT_EQ(described[1].name, this->topic_);
    EXPECT_EQ(described[1].partitions, 3);
}

TYPED_TEST_P(BusConformance, ATopicThatCannotBeMadeIsRefusedWithTheReason) {
    auto const result = this->template wait<void>(
        [&](auto done) { this->bus_->create_topics({{.name = "not a name!"}}, std::move(done)); });
    EXPECT_EQ(this->kind_of(result), Error::Kind::refused);
    EXPECT_NE(result.error().why.find("not a name!"), std::string::npos) << result.error().why;
}

// ---- records -----------------------------------------------------------------------------------

TYPED_TEST_P(BusConformance, ARecordIsReadAsItWasSent) {
    this->create(this->topic_, 2);
    Outgoing full;
    full.topic = this->topic_;
    full.partition = 1;
    full.key = std::string("k\0y", 3);
    full.value = "value";
    full.headers = {{"a", "1"}, {"none", std::nullopt}, {"a", "2"}, {"empty", ""}};
    full.timestamp_ms = this->world_.wall_ms() - 5'000;
    Outgoing bare;
    bare.topic = this->topic_;
    bare.partition = 1;
    bare.value = "";
    Outgoing tombstone = bare;
    tombstone.key = "";
    tombstone.value.reset();
    auto const places = this->send({full, bare, tombstone});
    EXPECT_EQ(places, (std::vector<Position>{
                          {this->topic_, 1, 0}, {this->topic_, 1, 1}, {this->topic_, 1, 2}}));
    auto const records = this->read_all(this->at(1));
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[0].partition, this->at(1));
    EXPECT_EQ(records[0].offset, 0);
    EXPECT_EQ(records[0].timestamp_ms, *full.timestamp_ms);
    EXPECT_EQ(text_of(records[0].key), *full.key);
    EXPECT_EQ(text_of(records[0].value), "value");
    EXPECT_EQ(records[0].headers, full.headers);
    EXPECT_EQ(records[1].key, std::nullopt);
    EXPECT_EQ(text_of(records[1].value), "");
    EXPECT_TRUE(records[1].headers.empty());
    EXPECT_LE(std::abs(records[1].timestamp_ms - this->world_.wall_ms()), 300'000);
    EXPECT_EQ(text_of(records[2].key), "");
    EXPECT_EQ(records[2].value, std::nullopt);
}

TYPED_TEST_P(BusConformance, KeysChooseTheirPartitionAsInJava) {
    // As in Kafka's UtilsTest.
    EXPECT_EQ(murmur2("21"), -973932308);
    EXPECT_EQ(murmur2("foobar"), -790332482);
    EXPECT_EQ(murmur2("a-little-bit-long-string"), -985981536);
    EXPECT_EQ(murmur2("a-little-bit-longer-string"), -1486304829);
    EXPECT_EQ(murmur2("abc"), 479470107);
    this->create(this->topic_, 7);
    std::vector<Outgoing> records;
    for (auto const* key : {"21", "foobar", "a-little-bit-long-string", "abc", ""}) {
        auto& record = records.emplace_back();
        record.topic = this->topic_;
        record.key = key;
        record.value = key;
    }
    auto const places = this->send(records);
    ASSERT_EQ(places.size(), records.size());
    for (std::size_t i = 0; i < places.size(); ++i)
        EXPECT_EQ(places[i].partition, partition_of(*records[i].key, 7)) << *records[i].key;
}

TYPED_TEST_P(BusConformance, RecordsWithoutAKeyGoAnywhereAndAreThere) {
    this->create(this->topic_, 3);
    std::vector<Outgoing> records(10);
    for (auto& record : records) record.topic = this->topic_, record.value = "x";
    auto const places = this->send(records);
    ASSERT_EQ(places.size(), 10U);
    std::set<Position> const distinct(places.begin(), places.end());
    EXPECT_EQ(distinct.size(), 10U);
    std::size_t found = 0;
    for (int partition = 0; partition < 3; ++partition) found += this->values(partition).size();
    EXPECT_EQ(found, 10U);
}

TYPED_TEST_P(BusConformance, SendsKeepTheirOrderAndGiveTheirPlaces) {
    this->create(this->topic_, 2);
    int answered = 0;
    Texts expected;
    for (int i = 0; i < 20; ++i) {
        expected.push_back(std::to_string(i));
        this->bus_->send({outgoing(this->topic_, 0, expected.back()),
                          outgoing(this->topic_, 1, expected.back())},
                         [&, i](Result<std::vector<Position>> places) {
                             ASSERT_TRUE(places) << places.error().why;
                             EXPECT_EQ((*places)[0], (Position{this->topic_, 0, i}));
                             EXPECT_EQ((*places)[1], (Position{this->topic_, 1, i}));
                             ++answered;
                         });
    }
    EXPECT_TRUE(this->until([&] { return answered == 20; }));
    EXPECT_EQ(this->values(0), expected);
    EXPECT_EQ(this->values(1), expected);
    EXPECT_TRUE(this->send(std::vector<Outgoing>{}).empty());
}

TYPED_TEST_P(BusConformance, MoreThanOneBatchIsSentInOrder) {
    this->create(this->topic_, 2);
    std::vector<Outgoing> records;
    Texts expected;
    for (int i = 0; i < 30; ++i) {
        expected.push_back(std::to_string(i) + std::string(150'000, 'x'));
        records.push_back(outgoing(this->topic_, 0, expected.back()));
    }
    records.push_back(outgoing(this->topic_, 1, "small"));
    auto const places = this->send(records);
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(places[i].offset, std::int64_t(i));
    EXPECT_EQ(this->values(0), expected);
    auto const producer = this->producer(this->world_.unique("big"));
    Transaction transaction;
    transaction.records = records;
    EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
    EXPECT_EQ(this->values(0).size(), 60U);
}

TYPED_TEST_P(BusConformance, WhatCannotBeWrittenIsRefused) {
    this->create(this->topic_);
    auto const nowhere = this->world_.unique("nowhere");
    auto const refused = [&](Outgoing record) {
        auto const result = this->template wait<std::vector<Position>>(
            [&](auto done) { this->bus_->send({record}, std::move(done)); });
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, Error::Kind::refused) << result.error().why;
        EXPECT_NE(result.error().why.find(record.topic), std::string::npos) << result.error().why;
    };
    refused(outgoing(nowhere, 0, "x"));
    refused(outgoing(this->topic_, 7, "x"));
    refused(outgoing(this->topic_, 0, std::string(3'000'000, 'x')));
    this->send(Texts{"after"});
    EXPECT_EQ(this->values(), Texts{"after"});
}

TYPED_TEST_P(BusConformance, NobodyFailsForTheRecordsOfAnother) {
    this->create(this->topic_, 2);
    auto const nowhere = this->world_.unique("nowhere");
    Texts outcomes(6);
    auto const send = [&](std::size_t number, std::vector<Outgoing> records) {
        this->bus_->send(std::move(records), [&, number](Result<std::vector<Position>> places) {
            outcomes[number] = places ? "sent" : "refused";
        });
    };
    send(0, {outgoing(this->topic_, 0, "a"), outgoing(this->topic_, 1, "a")});
    send(1, {outgoing(this->topic_, 0, "b"), outgoing(nowhere, 0, "never")});
    send(2, {outgoing(this->topic_, 0, "c"), outgoing(this->topic_, 1, "c")});
    send(3, {outgoing(this->topic_, 0, std::string(3'000'000, 'x'))});
    send(4, {outgoing(this->topic_, 0, "e"), outgoing(this->topic_, 1, "e")});
    send(5, {});
    EXPECT_TRUE(this->until([&] { return std::ranges::count(outcomes, "") == 0; }));
    EXPECT_EQ(outcomes, (Texts{"sent", "refused", "sent", "refused", "sent", "sent"}));
    auto first = this->values(0);
    std::erase(first, "b");  // of a call that was refused as a whole or in part
    EXPECT_EQ(first, (Texts{"a", "c", "e"}));
    EXPECT_EQ(this->values(1), (Texts{"a", "c", "e"}));
}

TYPED_TEST_P(BusConformance, ReadingGoesOnWhereItIsTold) {
    this->create(this->topic_);
    this->send(Texts{"a", "b", "c"});
    auto const read = [&](std::int64_t from) {
        return this->template good<ReadResult>(
            [&](auto done) { this->bus_->read(this->at(), from, 1 << 20, std::move(done)); });
    };
    auto const middle = read(1);
    EXPECT_EQ(values_of(middle.records), (Texts{"b", "c"}));
    EXPECT_EQ(middle.next, 3);
    EXPECT_EQ(middle.end, 3);
    auto const end = read(3);
    EXPECT_TRUE(end.records.empty());
    EXPECT_EQ(end.next, 3);
    EXPECT_EQ(end.end, 3);
    this->send(Texts{std::string(1000, 'd'), std::string(1000, 'e')});
    auto const little = this->template good<ReadResult>(
        [&](auto done) { this->bus_->read(this->at(), 3, 1, std::move(done)); });
    EXPECT_FALSE(little.records.empty()) << "at least one record";
    EXPECT_EQ(little.records.front().offset, 3);
}

TYPED_TEST_P(BusConformance, CompressedTopicsReadAsOthers) {
    for (std::string const codec : {"gzip", "snappy", "lz4", "zstd"}) {
        auto const topic =
            this->create(this->world_.unique(codec), 1, {{"compression.type", codec}});
        std::vector<Outgoing> records;
        Texts expected;
        for (int i = 0; i < 200; ++i) {
            expected.push_back(std::to_string(i) + std::string(100, 'x'));
            records.push_back(outgoing(topic, 0, expected.back()));
            records.back().key = "key";
            records.back().headers = {{"h", expected.back()}};
        }
        this->send(records);
        auto const read = this->read_all({topic, 0}, 50);
        EXPECT_EQ(values_of(read), (Texts{expected.begin() + 50, expected.end()})) << codec;
        EXPECT_EQ(read.at(0).headers, records[50].headers);
        EXPECT_EQ(text_of(read.at(0).key), "key");
    }
}

TYPED_TEST_P(BusConformance, OffsetsAreFoundByTime) {
    this->create(this->topic_);
    auto const now = this->world_.wall_ms();
    std::vector<Outgoing> records;
    for (int i = 0; i < 5; ++i) {
        records.push_back(outgoing(this->topic_, 0, std::to_string(i)));
        records.back().timestamp_ms = now - 10'000 + i * 1'000;
    }
    this->send(records);
    auto const offset_at = [&](std::int64_t time) {
        return this->template good<std::int64_t>(
            [&](auto done) { this->bus_->offset_at(this->at(), time, std::move(done)); });
    };
    EXPECT_EQ(offset_at(now - 20'000), 0);
    EXPECT_EQ(offset_at(now - 8'500), 2);
    EXPECT_EQ(offset_at(now - 8'000), 2);
    EXPECT_EQ(offset_at(now - 6'000), 4);
    EXPECT_EQ(offset_at(now - 5'999), 5) << "behind the last record: latest";
    EXPECT_EQ(offset_at(earliest), 0);
    EXPECT_EQ(offset_at(latest), 5);
}

// ---- transactions ------------------------------------------------------------------------------

TYPED_TEST_P(BusConformance, ATransactionIsAllOfIt) {
    this->create(this->topic_, 2);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    auto transaction = this->write({"a", "b"});
    transaction.records.push_back(outgoing(this->topic_, 1, "c"));
    transaction.offsets[this->at(0)] = {7, "as far as 7"};
    transaction.offsets[this->at(1)] = {0, ""};
    transaction.group = group;
    EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
    EXPECT_EQ(this->values(0), (Texts{"a", "b"}));
    EXPECT_EQ(this->values(1), (Texts{"c"}));
    EXPECT_EQ(this->committed(group, 0), (Committed{7, "as far as 7"}));
    EXPECT_EQ(this->committed(group, 1), (Committed{0, ""}));
    EXPECT_EQ(this->committed(this->world_.unique("other")), (Committed{-1, ""}));
}

TYPED_TEST_P(BusConformance, OneTransactionFollowsTheOther) {
    this->create(this->topic_);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    Texts expected;
    for (int i = 0; i < 12; ++i) {
        expected.push_back(std::to_string(i));
        auto transaction = this->write({expected.back()});
        transaction.offsets[this->at()] = {i, std::string(std::size_t(i), 'm')};
        transaction.group = group;
        ASSERT_TRUE(this->commit(*producer, std::move(transaction)));
        EXPECT_EQ(this->committed(group).offset, i);
    }
    EXPECT_EQ(this->values(), expected);
    Transaction only_offsets;
    only_offsets.offsets[this->at()] = {99, "x"};
    only_offsets.group = group;
    EXPECT_TRUE(this->commit(*producer, std::move(only_offsets)));
    EXPECT_EQ(this->committed(group), (Committed{99, "x"}));
    EXPECT_TRUE(this->commit(*producer, Transaction{})) << "nothing is soon done";
}

TYPED_TEST_P(BusConformance, ATransactionThatIsRefusedLeavesNothing) {
    this->create(this->topic_, 2);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    auto transaction = this->write({"never"}, 1);
    transaction.records.push_back(outgoing(this->topic_, 0, std::string(3'000'000, 'x')));
    transaction.offsets[this->at()] = {1, ""};
    transaction.group = group;
    EXPECT_EQ(this->kind_of(this->commit(*producer, std::move(transaction))), Error::Kind::refused);
    EXPECT_EQ(this->committed(group).offset, -1);
    EXPECT_EQ(this->values(1), Texts{});
    auto unknown = this->write({"never"}, 1);
    unknown.records.push_back(outgoing(this->world_.unique("nowhere"), 0, "x"));
    EXPECT_EQ(this->kind_of(this->commit(*producer, std::move(unknown))), Error::Kind::refused);
    EXPECT_TRUE(this->commit(*producer, this->write({"then"}, 1))) << "it goes on";
    EXPECT_EQ(this->values(1), Texts{"then"});
    EXPECT_EQ(this->values(0), Texts{});
}

TYPED_TEST_P(BusConformance, WhoTakesOverFencesThePredecessor) {
    this->create(this->topic_);
    auto const id = this->world_.unique("producer");
    auto const first = this->producer(id);
    EXPECT_TRUE(this->commit(*first, this->write({"one"})));
    auto const other_bus = this->world_.make_bus();
    auto const second = this->producer(id, other_bus.get());
    EXPECT_EQ(this->kind_of(this->commit(*first, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_EQ(this->kind_of(this->commit(*first, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_TRUE(this->commit(*second, this->write({"two"})));
    EXPECT_EQ(this->values(), (Texts{"one", "two"}));
    auto const third = this->producer(id);
    EXPECT_EQ(this->kind_of(this->commit(*second, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_TRUE(this->commit(*third, this->write({"three"})));
    EXPECT_EQ(this->values(), (Texts{"one", "two", "three"}));
}

TYPED_TEST_P(BusConformance, AProducerThatDiesLeavesAllOfItsTransactionOrNothing) {
    this->create(this->topic_, 2);
    auto const id = this->world_.unique("producer");
    int there = 0;
    for (int steps = 0; steps < 30; steps += 2) {
        auto const group = this->world_.unique("group");
        auto transaction = this->write({"a"}, 0);
        transaction.records.push_back(outgoing(this->topic_, 1, "b"));
        transaction.offsets[this->at()] = {1, ""};
        transaction.group = group;
        auto dies = this->producer(id);
        bool answered = false;
        dies->commit(std::move(transaction), [&](Result<void> done) {
            EXPECT_TRUE(done);
            answered = true;
        });
        int left = steps;
        this->until([&] { return answered || left-- == 0; });
        dies.reset();
        auto const successor = this->producer(id);
        bool const counts = this->committed(group).offset == 1;
        EXPECT_TRUE(counts || !answered);
        there += counts;
        EXPECT_EQ(this->values(0).size(), std::size_t(there)) << "after " << steps << " steps";
        EXPECT_EQ(this->values(1).size(), std::size_t(there)) << "after " << steps << " steps";
    }
}

TYPED_TEST_P(BusConformance, OneThingAtATime) {
    this->create(this->topic_);
    auto const bare = this->bus_->make_producer(
        {.transactional_id = this->world_.unique("bare"), .client_id = "test"});
    EXPECT_EQ(this->kind_of(this->commit(*bare, this->write({"x"}))), Error::Kind::refused);
    auto const producer = this->producer(this->world_.unique("producer"));
    std::optional<Result<void>> first, second;
    producer->commit(this->write({"a"}), [&](Result<void> result) { first = result; });
    producer->commit(this->write({"b"}), [&](Result<void> result) { second = result; });
    EXPECT_TRUE(this->until([&] { return first && second; }));
    EXPECT_TRUE(first && first->has_value());
    EXPECT_TRUE(second && !second->has_value() && second->error().kind == Error::Kind::refused);
    EXPECT_EQ(this->values(), Texts{"a"});
}

// ---- groups ------------------------------------------------------------------------------------

TYPED_TEST_P(BusConformance, AMemberReadsWhatIsCommitted) {
    this->create(this->topic_, 2);
    this->send(Texts{"a"}, 0);
    TestSubscriber hears;
    auto const consumer = this->consumer(*this->bus_, this->world_.unique("group"), hears);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 1; }));
    EXPECT_EQ(hears.mine.size(), 2U);
    EXPECT_EQ(hears.mine[this->at(1)], (Committed{-1, ""}));
    auto const producer = this->producer(this->world_.unique("producer"));
    EXPECT_TRUE(this->commit(*producer, this->write({"b"}, 1)));
    EXPECT_TRUE(this->commit(*producer, this->write({"c"}, 1)));
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 3; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"a", "b", "c"}));
    EXPECT_EQ(hears.read[1].partition, this->at(1));
    EXPECT_EQ(hears.read[1].offset, 0);
    EXPECT_GT(hears.read[2].offset, 1) << "a control record takes a place of its own";
}

TYPED_TEST_P(BusConformance, RecordsComeFromWhereItIsResumedAndNotWhileItIsPaused) {
    this->create(this->topic_, 2);
    this->send(Texts{"a", "b", "c"}, 0);
    this->send(Texts{"x", "y"}, 1);
    TestSubscriber hears;
    hears.resumes = false;
    auto const consumer = this->consumer(*this->bus_, this->world_.unique("group"), hears);
    EXPECT_TRUE(this->until([&] { return hears.mine.size() == 2; }));
    this->world_.pass(Duration{1'000});
    EXPECT_TRUE(hears.read.empty()) << "they stand still until they are resumed";
    consumer->resume(this->at(0), 1);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 2; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c"}));
    consumer->pause(this->at(0));
    this->send(Texts{"d"}, 0);
    consumer->resume(this->at(1), earliest);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 4; }));
    this->world_.pass(Duration{1'000});
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c", "x", "y"}));
    consumer->resume(this->at(0), 0);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 8; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c", "x", "y", "a", "b", "c", "d"}));
    consumer->resume(this->at(0), latest);
    this->world_.pass(Duration{1'000});
    this->send(Texts{"e"}, 0);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 9; }));
    EXPECT_EQ(text_of(hears.read.back().value), "e");
}

TYPED_TEST_P(BusConformance, OffsetsAreCommittedWithTheTransactionAndGoOnThere) {
    this->create(this->topic_);
    auto const out = this->create(this->world_.unique("out"));
    auto const group = this->world_.unique("group");
    this->send(Texts{"a", "b", "c"});
    auto const producer = this->producer(this->world_.unique("producer"));
    {
        TestSubscriber hears;
        auto const consumer = this->consumer(*this->bus_, group, hears);
        EXPECT_TRUE(this->until([&] { return hears.read.size() == 3; }));
        Transaction transaction;
        transaction.records = {outgoing(out, 0, "A"), outgoing(out, 0, "B")};
        transaction.offsets[this->at()] = {2, "and no further"};
        transaction.consumer = consumer.get();
        EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
        this->template good<void>([&](auto done) { consumer->leave(std::move(done)); });
    }
    EXPECT_EQ(values_of(this->read_all({out, 0})), (Texts{"A", "B"}));
    EXPECT_EQ(this->committed(group), (Committed{2, "and no further"}));
    TestSubscriber hears;
    auto const consumer = this->consumer(*this->bus_, group, hears);
    EXPECT_TRUE(this->until([&] { return !hears.read.empty(); }));
    EXPECT_EQ(hears.mine[this->at()], (Committed{2, "and no further"}));
    EXPECT_EQ(values_of(hears.read), Texts{"c"});
}

TYPED_TEST_P(BusConformance, PartitionsAreHandedOverWhenTheyAreReleased) {
    this->create(this->topic_, 4);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    TestSubscriber first, second;
    first.releases = false;
    auto const one = this->consumer(*this->bus_, group, first);
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 4; }));
    auto const other_bus = this->world_.make_bus();
    auto const two = this->consumer(*other_bus, group, second);
    EXPECT_TRUE(this->until([&] { return !first.to_release.empty(); }));
    auto [going, released] = std::move(first.to_release.front());
    first.to_release.clear();
    first.releases = true;
    this->world_.pass(Duration{3'000});
    for (auto const& partition : going)
        EXPECT_FALSE(second.mine.contains(partition)) << "nobody has let it go";
    // What is under way may be committed before.
    Transaction transaction;
    transaction.offsets[going.front()] = {5, "last words"};
    transaction.consumer = one.get();
    EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
    released();
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 2 && second.mine.size() == 2; }));
    for (auto const& [partition, committed] : first.mine)
        EXPECT_FALSE(second.mine.contains(partition));
    if (second.mine.contains(going.front())) {
        EXPECT_EQ(second.mine[going.front()], (Committed{5, "last words"}));
    }
    EXPECT_TRUE(first.gone.empty());
    // Who leaves makes room at once.
    this->template good<void>([&](auto done) { two->leave(std::move(done)); });
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 4; }));
    Transaction late;
    late.offsets[going.front()] = {9, ""};
    late.consumer = two.get();
    EXPECT_FALSE(this->commit(*producer, std::move(late))) << "it has left";
}

TYPED_TEST_P(BusConformance, OffsetsOfOpenTransactionsAreWaitedFor) {
    this->create(this->topic_);
    auto const group = this->world_.unique("group");
    this->send(Texts{"a", "b"});
    auto const producer = this->producer(this->world_.unique("producer"));
    bool done = false;
    auto transaction = this->write({"c"});
    transaction.offsets[this->at()] = {1, ""};
    transaction.group = group;
    producer->commit(std::move(transaction), [&](Result<void> result) {
        EXPECT_TRUE(result);
        done = true;
    });
    // Asked while it is under way: what is said is from before it or behind it.
    std::optional<Committed> found;
    this->bus_->committed(group, {this->at()}, [&](Result<std::map<TopicPartition, Committed>> at) {
        ASSERT_TRUE(at) << at.error().why;
        found = at->begin()->second;
    });
    EXPECT_TRUE(this->until([&] { return done && found; }));
    EXPECT_TRUE(found->offset == -1 || found->offset == 1) << found->offset;
    EXPECT_EQ(this->committed(group).offset, 1);
}

// ---- destruction and absence -------------------------------------------------------------------

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

REGISTER_TYPED_TEST_SUITE_P(
    BusConformance, TheLogSaysWhatItCanDo, TopicsAreMadeOnceAndDescribed,
    ATopicThatCannotBeMadeIsRefusedWithTheReason, ARecordIsReadAsItWasSent,
    KeysChooseTheirPartitionAsInJava, RecordsWithoutAKeyGoAnywhereAndAreThere,
    SendsKeepTheirOrderAndGiveTheirPlaces, MoreThanOneBatchIsSentInOrder,
    CompressedTopicsReadAsOthers, AProducerThatDiesLeavesAllOfItsTransactionOrNothing,
    WhatCannotBeWrittenIsRefused, NobodyFailsForTheRecordsOfAnother, ReadingGoesOnWhereItIsTold,
    OffsetsAreFoundByTime, ATransactionIsAllOfIt, OneTransactionFollowsTheOther,
    ATransactionThatIsRefusedLeavesNothing, WhoTakesOverFencesThePredecessor, OneThingAtATime,
    AMemberReadsWhatIsCommitted, RecordsComeFromWhereItIsResumedAndNotWhileItIsPaused,
    OffsetsAreCommittedWithTheTransactionAndGoOnThere, PartitionsAreHandedOverWhenTheyAreReleased,
    OffsetsOfOpenTransactionsAreWaitedFor, EverythingMayBeDestroyedInsideItsOwnCallbacks,
    WhoNeverAnswersIsAwayInTheEnd);

}  // namespace klamm::bus
