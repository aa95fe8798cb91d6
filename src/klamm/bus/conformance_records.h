// bus/conformance_records.h - topics, and records that are sent and read.
#pragma once

#include "klamm/bus/conformance_fixture.h"
#include "klamm/bus/partitioner.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace klamm::bus {

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
    auto expected = full.headers;
    for (auto const& [name, value] :
         Headers{{"a", "3"}, {"null", std::nullopt}, {"long", std::string(9'000, 'x')}}) {
        full.more_headers.add(name, value);
        expected.push_back({name, value});
    }
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
    EXPECT_EQ(records[0].headers, expected);
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

}  // namespace klamm::bus
