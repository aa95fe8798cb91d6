// handler/replay_bus.h - what an engine that replays takes for a log: one topic, from one offset to
// another, with a group and ledgers that nobody else sees.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/handler/engine/alive.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace klamm::handler {

struct ReplayRange {
    std::int64_t from = 0;
    std::int64_t end = 0;
};

class ReplayBus final : public bus::Bus {
public:
    struct Options {
        std::string topic;
        std::int32_t partitions = 0;  ///< that the topic has
        std::map<std::int32_t, ReplayRange> ranges;
        std::set<std::string> dropped;      ///< ledgers: what is written there is not kept
        std::optional<std::string> prefix;  ///< none: nothing that is written is kept
        std::string transactional_id;
    };
    struct Hooks {
        std::function<void()> read;  ///< all of the ranges was handed over
        std::function<void(bus::Error const&)> failed;
    };
    ReplayBus(bus::Loop& loop, bus::Bus& log, Options options, Hooks hooks);

    bool all_read() const { return unread_.empty(); }
    std::uint64_t events() const { return events_; }  ///< that were handed over

    void probe(bus::Done<bus::Capabilities> done) override;
    void create_topics(std::vector<bus::TopicSpec> topics, bus::Done<void> done) override;
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override;
    void offset_at(bus::TopicPartition const& partition, std::int64_t timestamp_ms,
                   bus::Done<std::int64_t> done) override;
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              bus::Done<bus::ReadResult> done) override;
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override;
    void send(std::vector<bus::Outgoing> records, bus::Done<std::vector<Position>> done) override;
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override;
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions options,
                                                 bus::Subscriber& subscriber) override;

private:
    class Producer;
    class Consumer;

    template <class T>
    void answer(bus::Done<T> done, bus::Result<T> result);
    void handed_over(std::int32_t partition, std::size_t events, std::int64_t next);

    bus::Loop& loop_;
    bus::Bus& log_;
    Options const options_;
    Hooks hooks_;
    std::set<std::int32_t> unread_;  ///< partitions whose range is not over
    std::uint64_t events_ = 0;
    Alive alive_;
};

}  // namespace klamm::handler
