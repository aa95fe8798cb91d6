// bus/subscriber_fixture.h - for tests: records in short, and a subscriber that remembers what it
// hears.
#pragma once

#include "klamm/bus/bus.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
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

}  // namespace klamm::bus
