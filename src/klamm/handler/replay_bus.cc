#include "klamm/handler/replay_bus.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace klamm::handler {
namespace {

constexpr std::int32_t read_bytes_max = 1024 * 1024;
constexpr Duration ask_again{100};
using Kind = bus::Error::Kind;

}  // namespace

template <class T>
void ReplayBus::answer(bus::Done<T> done, bus::Result<T> result) {
    loop_.post(alive_.guard([done = std::move(done), result = std::move(result)]() mutable {
        done(std::move(result));
    }));
}

// ---- what is read
// --------------------------------------------------------------------------------

class ReplayBus::Consumer final : public bus::Consumer {
public:
    Consumer(ReplayBus& replay, bus::Subscriber& subscriber)
        : replay_(replay), subscriber_(subscriber) {
        std::map<bus::TopicPartition, bus::Committed> assigned;
        for (auto const& [partition, range] : replay.options_.ranges)
            assigned[{replay.options_.topic, partition}];
        replay_.loop_.post(alive_.guard(
            [this, assigned = std::move(assigned)] { subscriber_.assigned(assigned); }));
    }

    void resume(bus::TopicPartition const& partition, std::int64_t offset) override {
        read(partition, offset, ++turns_[partition]);
    }
    void pause(bus::TopicPartition const& partition) override { ++turns_[partition]; }
    void leave(bus::Done<void> done) override {
        for (auto& [partition, turn] : turns_) ++turn;
        replay_.answer<void>(std::move(done), {});
    }

private:
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::uint64_t turn) {
        auto const end = replay_.options_.ranges.at(partition.partition).end;
        if (offset >= end)
            return replay_.loop_.post(alive_.guard([this, partition, offset] {
                replay_.handed_over(partition.partition, 0, offset);
            }));
        replay_.log_.read(partition, offset, read_bytes_max,
                          alive_.guard([this, partition, offset, turn](auto result) {
                              if (turns_[partition] != turn) return;
                              came(partition, offset, turn, std::move(result));
                          }));
    }

    void came(bus::TopicPartition const& partition, std::int64_t offset, std::uint64_t turn,
              bus::Result<bus::ReadResult> result) {
        if (!result && result.error().kind == Kind::refused) return skip(partition, offset, turn);
        if (!result || result->next <= offset) return again(partition, offset, turn);
        auto const end = replay_.options_.ranges.at(partition.partition).end;
        auto& records = result->records;
        std::erase_if(records, [&](auto const& record) { return record.offset >= end; });
        auto const count = records.size();
        auto const next = std::min(result->next, end);
        if (count > 0) subscriber_.records(std::move(records));  // may pause it
        replay_.handed_over(partition.partition, count, next);
        if (next < end)
            replay_.loop_.post(alive_.guard([this, partition, next, turn] {
                if (turns_[partition] == turn) read(partition, next, turn);
            }));
    }

    /// Retention has taken what comes next.
    void skip(bus::TopicPartition const& partition, std::int64_t offset, std::uint64_t turn) {
        replay_.log_.offset_at(
            partition, bus::earliest,
            alive_.guard([this, partition, offset, turn](bus::Result<std::int64_t> oldest) {
                if (turns_[partition] != turn) return;
                if (!oldest || *oldest <= offset) return again(partition, offset, turn);
                subscriber_.skipped(partition, offset, *oldest);
                read(partition, *oldest, turn);
            }));
    }

    void again(bus::TopicPartition const& partition, std::int64_t offset, std::uint64_t turn) {
        replay_.loop_.after(ask_again, alive_.guard([this, partition, offset, turn] {
            if (turns_[partition] == turn) read(partition, offset, turn);
        }));
    }

    ReplayBus& replay_;
    bus::Subscriber& subscriber_;
    std::map<bus::TopicPartition, std::uint64_t> turns_;  ///< a new one with each resume and pause
    Alive alive_;
};

// ---- what is written
// -----------------------------------------------------------------------------

class ReplayBus::Producer final : public bus::Producer {
public:
    explicit Producer(ReplayBus& replay) : replay_(replay) {
        if (replay.options_.prefix)
            real_ = replay.log_.make_producer({.transactional_id = replay.options_.transactional_id,
                                               .client_id = replay.options_.transactional_id});
    }

    void initialize(bus::Done<void> done) override {
        if (real_)
            real_->initialize(std::move(done));
        else
            replay_.answer<void>(std::move(done), {});
    }

    void commit(bus::Transaction transaction, bus::Done<void> done) override {
        transaction.own_records();
        auto& records = transaction.records;
        std::erase_if(records, [&](bus::Outgoing const& record) {
            return replay_.options_.dropped.contains(record.topic);
        });
        if (!real_ || records.empty()) return replay_.answer<void>(std::move(done), {});
        std::set<std::string> originals;
        for (auto& record : records) {
            if (!made_.contains(record.topic)) originals.insert(record.topic);
            record.topic.insert(0, *replay_.options_.prefix);
        }
        transaction.consumer = nullptr;
        transaction.offsets.clear();
        pending_ = std::move(transaction);
        done_ = std::move(done);
        make({originals.begin(), originals.end()});
    }

private:
    /// Topics for what is diverted, with as many partitions as those that it is diverted from.
    void make(std::vector<std::string> originals) {
        if (originals.empty()) return send();
        auto const names = originals;
        replay_.log_.describe_topics(names, alive_.guard([this, originals = std::move(originals)](
                                                             auto found) mutable {
            if (!found) return failed(found.error(), std::move(originals));
            std::vector<bus::TopicSpec> specs;
            for (auto const& topic : *found)
                specs.push_back({.name = *replay_.options_.prefix + topic.name,
                                 .partitions = topic.partitions > 0 ? topic.partitions
                                                                    : replay_.options_.partitions});
            replay_.log_.create_topics(
                std::move(specs),
                alive_.guard([this, originals = std::move(originals)](auto made) mutable {
                    if (!made) return failed(made.error(), std::move(originals));
                    made_.insert(originals.begin(), originals.end());
                    send();
                }));
        }));
    }

    void send() {
        real_->commit(pending_, alive_.guard([this](bus::Result<void> sent) {
            if (!sent) return failed(sent.error(), {});
            std::exchange(done_, nullptr)({});
        }));
    }

    /// The engine does not hear of it: it would begin anew after so many times.
    void failed(bus::Error const& error, std::vector<std::string> originals) {
        if (error.kind != Kind::aborted && error.kind != Kind::away)
            return replay_.hooks_.failed(error);
        replay_.loop_.after(ask_again,
                            alive_.guard([this, originals = std::move(originals)]() mutable {
                                make(std::move(originals));
                            }));
    }

    ReplayBus& replay_;
    std::unique_ptr<bus::Producer> real_;  ///< null: nothing is kept
    std::set<std::string> made_;           ///< topics that are diverted from
    bus::Transaction pending_;
    bus::Done<void> done_;
    Alive alive_;
};

// ---- the bus
// -------------------------------------------------------------------------------------

ReplayBus::ReplayBus(bus::Loop& loop, bus::Bus& log, Options options, Hooks hooks)
    : loop_(loop), log_(log), options_(std::move(options)), hooks_(std::move(hooks)) {
    for (auto const& [partition, range] : options_.ranges) unread_.insert(partition);
}

void ReplayBus::handed_over(std::int32_t partition, std::size_t events, std::int64_t next) {
    events_ += events;
    if (next < options_.ranges.at(partition).end || unread_.erase(partition) == 0) return;
    if (unread_.empty()) hooks_.read();
}

void ReplayBus::probe(bus::Done<bus::Capabilities> done) {
    answer<bus::Capabilities>(
        std::move(done),
        bus::Capabilities{.description = "a replay", .transactions = true, .stable_offsets = true});
}

void ReplayBus::create_topics(std::vector<bus::TopicSpec>, bus::Done<void> done) {
    answer<void>(std::move(done), {});
}

void ReplayBus::describe_topics(std::vector<std::string> names,
                                bus::Done<std::vector<bus::TopicDescription>> done) {
    std::vector<bus::TopicDescription> found;
    for (auto& name : names) found.push_back({std::move(name), options_.partitions});
    answer<std::vector<bus::TopicDescription>>(std::move(done), std::move(found));
}

void ReplayBus::offset_at(bus::TopicPartition const& partition, std::int64_t timestamp_ms,
                          bus::Done<std::int64_t> done) {
    auto const range = options_.ranges.find(partition.partition);
    std::int64_t offset = 0;
    if (partition.topic == options_.topic && range != options_.ranges.end())
        offset = timestamp_ms == bus::earliest ? range->second.from : range->second.end;
    answer<std::int64_t>(std::move(done), offset);
}

void ReplayBus::read(bus::TopicPartition const&, std::int64_t offset, std::int32_t,
                     bus::Done<bus::ReadResult> done) {
    // Only ledgers are read so, and they begin empty.
    answer<bus::ReadResult>(std::move(done), bus::ReadResult{.next = offset, .end = offset});
}

void ReplayBus::committed(std::string const&, std::vector<bus::TopicPartition>,
                          bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) {
    answer<std::map<bus::TopicPartition, bus::Committed>>(
        std::move(done), std::map<bus::TopicPartition, bus::Committed>{});
}

void ReplayBus::send(std::vector<bus::Outgoing>, bus::Done<std::vector<Position>> done) {
    answer<std::vector<Position>>(
        std::move(done),
        std::unexpected(bus::Error{Kind::refused, "a replay sends only in transactions"}));
}

std::unique_ptr<bus::Producer> ReplayBus::make_producer(bus::ProducerOptions) {
    return std::make_unique<Producer>(*this);
}

std::unique_ptr<bus::Consumer> ReplayBus::make_consumer(bus::ConsumerOptions,
                                                        bus::Subscriber& subscriber) {
    return std::make_unique<Consumer>(*this, subscriber);
}

}  // namespace klamm::handler
