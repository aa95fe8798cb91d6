// handler/fake_bus.h - for tests: a log in memory that has no groups and no transactions.
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/bus/bus.h"
#include "klamm/bus/loop_fixture.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace klamm::handler {

class FakeBus final : public bus::Bus {
public:
    explicit FakeBus(bus::VirtualLoop& loop) : loop_(loop) {}

    std::map<std::string, std::int32_t> topics;
    std::map<bus::TopicPartition, std::vector<bus::Record>> logs;
    std::map<bus::TopicPartition, bus::Committed> offsets;  ///< of whatever group
    std::optional<bus::Error> error;                        ///< what every operation ends with
    std::map<bus::TopicPartition, std::int64_t> oldest;     ///< records before are gone
    std::map<std::string, int> asked;                       ///< how often, by operation
    std::function<void(bus::Record const&)> on_record;      ///< of send(), after its answer

    std::int64_t end(bus::TopicPartition const& partition) const {
        auto const log = logs.find(partition);
        return log == logs.end() ? 0 : std::ssize(log->second);
    }
    Position append(bus::Outgoing record) {
        auto const partition =
            record.partition.value_or(static_cast<std::int32_t>(record.key.value_or("").size()) %
                                      std::max(topics[record.topic], 1));
        bus::TopicPartition const place{record.topic, partition};
        auto& log = logs[place];
        log.push_back({.partition = place,
                       .offset = std::ssize(log),
                       .timestamp_ms = record.timestamp_ms.value_or(loop_.now().wall_ms),
                       .key = slice(record.key),
                       .value = slice(record.value),
                       .headers = record.all_headers()});
        return {place.topic, place.partition, log.back().offset};
    }

    void probe(bus::Done<bus::Capabilities> done) override { answer("probe", std::move(done), {}); }
    void create_topics(std::vector<bus::TopicSpec> specs, bus::Done<void> done) override {
        if (!error)
            for (auto const& spec : specs) topics.try_emplace(spec.name, spec.partitions);
        answer("create_topics", std::move(done), {});
    }
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override {
        std::vector<bus::TopicDescription> found;
        for (auto const& name : names) {
            auto const topic = topics.find(name);
            found.push_back({name, topic == topics.end() ? 0 : topic->second});
        }
        answer("describe_topics", std::move(done), std::move(found));
    }
    void offset_at(bus::TopicPartition const& partition, std::int64_t timestamp_ms,
                   bus::Done<std::int64_t> done) override {
        auto offset = end(partition);
        if (timestamp_ms == bus::earliest) offset = oldest[partition];
        if (timestamp_ms >= 0)
            for (auto const& record : logs[partition])
                if (record.timestamp_ms >= timestamp_ms) offset = std::min(offset, record.offset);
        answer("offset_at", std::move(done), offset);
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t,
              bus::Done<bus::ReadResult> done) override {
        if (offset < oldest[partition])
            return answer("read", std::move(done),
                          std::unexpected(bus::Error{bus::Error::Kind::refused, "out of range"}));
        bus::ReadResult result{.next = offset, .end = end(partition)};
        while (result.next < result.end && result.records.size() < 3)
            result.records.push_back(logs[partition].at(static_cast<std::size_t>(result.next++)));
        answer("read", std::move(done), std::move(result));
    }
    void committed(std::string const&, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        std::map<bus::TopicPartition, bus::Committed> found;
        for (auto const& partition : partitions) found[partition] = offsets[partition];
        answer("committed", std::move(done), std::move(found));
    }
    void send(std::vector<bus::Outgoing> records, bus::Done<std::vector<Position>> done) override {
        std::vector<Position> places;
        if (!error)
            for (auto& record : records) places.push_back(append(std::move(record)));
        answer("send", std::move(done), places);
        if (!on_record) return;
        for (auto const& place : places)
            loop_.after(Duration{2}, [this, place] {
                on_record(logs.at({place.topic, place.partition})
                              .at(static_cast<std::size_t>(place.offset)));
            });
    }
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions) override {
        ensure(false);
        return {};
    }
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions, bus::Subscriber&) override {
        ensure(false);
        return {};
    }

private:
    static std::optional<Slice> slice(std::optional<std::string> const& bytes) {
        if (!bytes) return std::nullopt;
        auto const* const first = reinterpret_cast<std::byte const*>(bytes->data());
        return Slice(Bytes(first, first + bytes->size()));
    }
    template <class T>
    void answer(std::string const& operation, bus::Done<T> done,
                std::type_identity_t<bus::Result<T>> result) {
        ++asked[operation];
        if (error) result = std::unexpected(*error);
        loop_.after(Duration{1}, [done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
        });
    }

    bus::VirtualLoop& loop_;
};

}  // namespace klamm::handler
