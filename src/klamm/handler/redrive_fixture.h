// handler/redrive_fixture.h - for tests: dead letters in a log in memory that leaves gaps as
// transactions do, and redrives of them.
#pragma once

#include "klamm/bus/loop_fixture.h"
#include "klamm/handler/redrive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::handler {

inline Slice slice_of(std::string_view text) {
    auto const bytes = std::as_bytes(std::span{text});
    return Slice(Bytes(bytes.begin(), bytes.end()));
}
inline std::string text_of(std::optional<Slice> const& slice) {
    if (!slice) return "(null)";
    return {reinterpret_cast<char const*>(slice->data()), slice->size()};
}

/// Transactions take one offset more in each partition that they touch, for their end.
class TestBus : public bus::Bus {
public:
    explicit TestBus(bus::VirtualLoop& loop) : loop_(loop) {}

    struct Partition {
        std::vector<bus::Record> records;
        std::int64_t first = 0;
        std::int64_t next = 0;
    };
    std::map<std::string, std::vector<Partition>> topics;
    std::map<std::string, std::map<bus::TopicPartition, bus::Committed>> offsets;
    int transactions = 0;
    int aborts = 0;  ///< of the next commits
    int reads = 0;
    std::string owner;  ///< which producer of the id was the last

    Position append(bus::Outgoing record) {
        auto& partitions = topics.at(record.topic);
        auto const id = record.partition.value_or(0);
        auto& partition = partitions.at(static_cast<std::size_t>(id));
        bus::Record stored{.partition = {record.topic, id},
                           .offset = partition.next,
                           .timestamp_ms = 1'000 + partition.next,
                           .headers = record.headers};
        if (record.key) stored.key = slice_of(*record.key);
        if (record.value) stored.value = slice_of(*record.value);
        partition.records.push_back(std::move(stored));
        return {record.topic, id, partition.next++};
    }
    void commit(bus::Transaction const& transaction) {
        std::set<std::pair<std::string, int>> touched;
        for (auto const& record : transaction.records) {
            auto const position = append(record);
            touched.insert({position.topic, position.partition});
        }
        for (auto const& [topic, partition] : touched)
            ++topics.at(topic).at(static_cast<std::size_t>(partition)).next;
        for (auto const& [partition, committed] : transaction.offsets)
            offsets[transaction.group][partition] = committed;
        ++transactions;
    }

    void probe(bus::Done<bus::Capabilities>) override {}
    void create_topics(std::vector<bus::TopicSpec>, bus::Done<void>) override {}
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override {
        std::vector<bus::TopicDescription> all;
        for (auto const& name : names) {
            auto const found = topics.find(name);
            all.push_back({name, found == topics.end() ? 0 : int(found->second.size())});
        }
        answer(std::move(done), std::move(all));
    }
    void offset_at(bus::TopicPartition const& partition, std::int64_t when,
                   bus::Done<std::int64_t> done) override {
        auto const* const at = find(partition);
        if (at == nullptr) return refuse(std::move(done));
        answer(std::move(done), when == bus::earliest ? at->first : at->next);
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              bus::Done<bus::ReadResult> done) override {
        ++reads;
        auto const* const at = find(partition);
        if (at == nullptr) return refuse(std::move(done));
        bus::ReadResult result{.next = std::max(offset, at->next), .end = at->next};
        std::size_t const count_max = bytes_max == 1 ? 1 : 7;
        for (auto const& record : at->records) {
            if (record.offset < offset) continue;
            if (result.records.size() == count_max) {
                result.next = record.offset;
                break;
            }
            result.records.push_back(record);
        }
        answer(std::move(done), std::move(result));
    }
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        std::map<bus::TopicPartition, bus::Committed> found;
        for (auto const& partition : partitions) found[partition] = offsets[group][partition];
        answer(std::move(done), std::move(found));
    }
    void send(std::vector<bus::Outgoing>, bus::Done<std::vector<Position>>) override {}
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override;
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions, bus::Subscriber&) override {
        return nullptr;
    }

    template <class T>
    void answer(bus::Done<T> done, T value) {
        loop_.post([done = std::move(done), value = std::move(value)]() mutable {
            done(std::move(value));
        });
    }
    template <class T>
    void fail(bus::Done<T> done, bus::Error::Kind kind) {
        loop_.post([done = std::move(done), kind]() mutable {
            done(std::unexpected(bus::Error{kind, "as the test said"}));
        });
    }
    template <class T>
    void refuse(bus::Done<T> done) {
        fail(std::move(done), bus::Error::Kind::refused);
    }

    bus::VirtualLoop& loop_;
    int producers = 0;

private:
    Partition const* find(bus::TopicPartition const& partition) const {
        auto const topic = topics.find(partition.topic);
        if (topic == topics.end()) return nullptr;
        return &topic->second.at(static_cast<std::size_t>(partition.partition));
    }
};

class TestProducer : public bus::Producer {
public:
    TestProducer(TestBus& bus, std::string id)
        : bus_(bus), name_(fmt::format("{}#{}", id, bus.producers++)) {}
    void initialize(bus::Done<void> done) override {
        bus_.owner = name_;
        succeed(std::move(done));
    }
    void commit(bus::Transaction transaction, bus::Done<void> done) override {
        if (bus_.owner != name_) return bus_.fail(std::move(done), bus::Error::Kind::fenced);
        if (bus_.aborts > 0) {
            --bus_.aborts;
            return bus_.fail(std::move(done), bus::Error::Kind::aborted);
        }
        bus_.commit(transaction);
        succeed(std::move(done));
    }

private:
    void succeed(bus::Done<void> done) {
        bus_.loop_.post([done = std::move(done)]() mutable { done({}); });
    }

    TestBus& bus_;
    std::string name_;
};

inline std::unique_ptr<bus::Producer> TestBus::make_producer(bus::ProducerOptions options) {
    return std::make_unique<TestProducer>(*this, options.transactional_id);
}

/// Dead letters of orders, and what a redrive makes of them.
struct Redriving : testing::Test, RedriveObserver {
    bus::VirtualLoop loop;
    TestBus log{loop};
    std::int64_t original_offset = 0;
    std::uint64_t stop_after = UINT64_MAX;
    std::function<void()> after_transaction = [] {};

    Redriving() {
        log.topics["orders"].resize(2);
        log.topics["orders-dlt"].resize(2);
        log.topics["elsewhere"].resize(1);
    }
    bool goes_on(RedriveResult const& so_far) override {
        after_transaction();
        return so_far.redriven < stop_after;
    }

    DeadLetter refused(std::int64_t at, bool parked = false) {
        return {.original = Position{"orders", 1, at},
                .group = "billing",
                .handler = "orders.placed",
                .reason = parked ? "waits" : fmt::format("card {} refused", at),
                .error_type = parked ? "" : "CardRefused",
                .attempts = parked ? 0 : 5,
                .failed_at = Time{milliseconds{at}},
                .parked = parked};
    }
    /// In a transaction of its own, as the engine's are.
    Position dead(std::string key, DeadLetter const& letter) {
        auto const position = log.topics.at("orders-dlt")[1].next;
        log.commit({.records = {{.topic = "orders-dlt",
                                 .partition = 1,
                                 .key = std::move(key),
                                 .value = fmt::format("event {}", letter.original->offset),
                                 .headers = write_dead_letter({{"ce_id", "x"}}, letter,
                                                              DeadLetterDialect::klamm)}}});
        return {"orders-dlt", 1, position};
    }

    bus::Result<RedriveResult> run(RedriveOptions options) {
        std::optional<bus::Result<RedriveResult>> result;
        options.topic = "orders-dlt";
        redrive(loop, log, std::move(options), *this,
                [&](auto done) { result.emplace(std::move(done)); });
        loop.pass_all();
        return std::move(*result);
    }
    RedriveResult must(RedriveOptions options = {}) {
        auto const result = run(std::move(options));
        EXPECT_TRUE(result) << (result ? "" : result.error().why);
        return result.value_or(RedriveResult{});
    }
    /// What is in a topic, without marks.
    std::vector<std::string> values(std::string const& topic) {
        std::vector<std::string> all;
        for (auto const& partition : log.topics.at(topic))
            for (auto const& record : partition.records)
                if (record.value) all.push_back(text_of(record.value));
        return all;
    }
    std::vector<std::int64_t> waiting() {
        std::vector<std::int64_t> offsets;
        scan_dead_letters(
            log, {.topic = "orders-dlt"},
            [&](StoredDeadLetter const& letter, std::int64_t) {
                offsets.push_back(letter.position.offset);
                return true;
            },
            [](auto const& scan) { EXPECT_TRUE(scan); });
        loop.pass_all();
        return offsets;
    }
};

}  // namespace klamm::handler
