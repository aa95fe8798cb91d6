// handler/engine/test_world.h - a log in memory, and workers that wait when they are told to: for
// tests of the engine that say what the log does.
#pragma once

#include "klamm/bus/loop_fixture.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/engine.h"
#include "klamm/handler/engine/alive.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klamm::handler::test {

class FakeWorkers final : public Workers {
public:
    explicit FakeWorkers(bus::VirtualLoop& loop) : loop_(loop) {}
    /// Runs begin and do not end, until release().
    bool hold = false;
    /// With hold: the work itself is done when it is released.
    bool late = false;

    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override {
        if (hold && late) {
            held_.push_back([work = std::move(work), finished = std::move(finished)]() mutable {
                work();
                finished();
            });
            return;
        }
        work();
        if (hold)
            held_.push_back(std::move(finished));
        else
            loop_.post(std::move(finished));
    }
    std::size_t held() const { return held_.size(); }
    /// The n-th of those that are held ends.
    void release(std::size_t n = 0) {
        loop_.post(std::move(held_.at(n)));
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    void release_all() {
        hold = false;
        while (!held_.empty()) release();
    }

private:
    bus::VirtualLoop& loop_;
    std::vector<std::move_only_function<void()>> held_;
};

/// All groups and topics of one cluster, with one member for each group. Each transaction leaves a
/// mark behind its records, which takes an offset.
class FakeBus final : public bus::Bus {
public:
    using Kind = bus::Error::Kind;
    explicit FakeBus(bus::VirtualLoop& loop) : loop_(loop) {}

    bus::Capabilities capabilities{
        .description = "a test", .transactions = true, .stable_offsets = true};
    bool is_away = false;           ///< nobody answers
    std::deque<Kind> commit_fails;  ///< what the next transactions end with, before others succeed
    /// Transactions that the log does not take.
    std::function<bool(bus::Transaction const&)> refuses;
    bool hold_commits = false;      ///< until it is false again, they do not end
    std::int32_t transactions = 0;  ///< that were asked for
    std::int32_t joins = 0;
    std::map<std::string, std::map<bus::TopicPartition, bus::Committed>> groups;

    struct Log {
        std::vector<bus::Record> records;
        std::int64_t end = 0;
    };
    std::map<bus::TopicPartition, Log> logs;
    std::map<std::string, bus::TopicSpec> topics;

    bus::Record const& append(bus::Outgoing record, std::int32_t partition = 0) {
        bus::TopicPartition const id{record.topic, record.partition.value_or(partition)};
        auto& log = logs[id];
        auto const slice = [](std::optional<std::string> const& text) -> std::optional<Slice> {
            if (!text) return std::nullopt;
            auto const* const from = reinterpret_cast<std::byte const*>(text->data());
            return Slice(Bytes(from, from + text->size()));
        };
        log.records.push_back({id, log.end++, record.timestamp_ms.value_or(loop_.now().wall_ms),
                               slice(record.key), slice(record.value), record.all_headers()});
        feed();
        return log.records.back();
    }
    static std::string text(std::optional<Slice> const& slice) {
        if (!slice) return "(null)";
        return {reinterpret_cast<char const*>(slice->data()), slice->size()};
    }
    /// Values of a topic's records, partition after partition.
    std::vector<std::string> values(std::string const& topic) const {
        std::vector<std::string> found;
        for (auto const& [id, log] : logs)
            if (id.topic == topic)
                for (auto const& record : log.records) found.push_back(text(record.value));
        return found;
    }

    // ---- what the group does

    void assign(std::vector<bus::TopicPartition> const& ids) {
        std::map<bus::TopicPartition, bus::Committed> committed;
        for (auto const& id : ids) committed[id] = groups[member_->group][id];
        loop_.post(alive_.guard([this, committed] {
            if (member_ != nullptr) member_->subscriber.assigned(committed);
        }));
    }
    void revoke(std::vector<bus::TopicPartition> const& ids, bool& released) {
        member_->subscriber.revoked(ids, [&released] { released = true; });
    }
    void lose(std::vector<bus::TopicPartition> const& ids) {
        for (auto const& id : ids) member_->flowing.erase(id);
        member_->subscriber.lost(ids);
    }

    // ---- Bus

    void probe(bus::Done<bus::Capabilities> done) override {
        answer(std::move(done), capabilities);
    }
    void create_topics(std::vector<bus::TopicSpec> specs, bus::Done<void> done) override {
        for (auto const& spec : specs) topics.try_emplace(spec.name, spec);
        answer(std::move(done));
    }
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override {
        std::vector<bus::TopicDescription> found;
        for (auto const& name : names) {
            auto const topic = topics.find(name);
            found.push_back({name, topic == topics.end() ? 0 : topic->second.partitions});
        }
        answer(std::move(done), found);
    }
    void offset_at(bus::TopicPartition const& id, std::int64_t time,
                   bus::Done<std::int64_t> done) override {
        auto offset = time == bus::earliest ? std::int64_t{0} : logs[id].end;
        if (time >= 0)
            for (auto const& record : logs[id].records)
                if (record.timestamp_ms >= time) offset = std::min(offset, record.offset);
        answer(std::move(done), offset);
    }
    void read(bus::TopicPartition const& id, std::int64_t offset, std::int32_t,
              bus::Done<bus::ReadResult> done) override {
        bus::ReadResult result{.next = logs[id].end, .end = logs[id].end};
        for (auto const& record : logs[id].records)
            if (record.offset >= offset) result.records.push_back(record);
        answer(std::move(done), result);
    }
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        std::map<bus::TopicPartition, bus::Committed> found;
        for (auto const& id : partitions) found[id] = groups[group][id];
        answer(std::move(done), found);
    }
    void send(std::vector<bus::Outgoing> records, bus::Done<std::vector<Position>> done) override {
        std::vector<Position> places;
        for (auto& record : records) {
            auto const& stored = append(std::move(record));
            places.push_back({stored.partition.topic, stored.partition.partition, stored.offset});
        }
        answer(std::move(done), places);
    }
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override {
        return std::make_unique<FakeProducer>(*this, options.transactional_id);
    }
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions options,
                                                 bus::Subscriber& subscriber) override {
        ++joins;
        auto consumer = std::make_unique<FakeConsumer>(*this, options.group, subscriber);
        member_ = consumer.get();
        std::vector<bus::TopicPartition> ids;
        for (auto const& topic : options.topics)
            for (std::int32_t n = 0; n < topics.at(topic).partitions; ++n)
                ids.push_back({topic, n});
        assign(ids);
        return consumer;
    }

private:
    struct FakeConsumer final : bus::Consumer {
        FakeConsumer(FakeBus& the_bus, std::string the_group, bus::Subscriber& the_subscriber)
            : bus(the_bus), group(std::move(the_group)), subscriber(the_subscriber) {}
        ~FakeConsumer() override {
            if (bus.member_ == this) bus.member_ = nullptr;
        }
        void resume(bus::TopicPartition const& id, std::int64_t offset) override {
            flowing[id] = offset;
            bus.feed();
        }
        void pause(bus::TopicPartition const& id) override { flowing.erase(id); }
        void leave(bus::Done<void> done) override { bus.answer(std::move(done)); }

        FakeBus& bus;
        std::string group;
        bus::Subscriber& subscriber;
        std::map<bus::TopicPartition, std::int64_t> flowing;
    };

    struct FakeProducer final : bus::Producer {
        FakeProducer(FakeBus& the_bus, std::string the_id) : bus(the_bus), id(std::move(the_id)) {}
        void initialize(bus::Done<void> done) override {
            epoch = ++bus.epochs_[id];
            bus.answer(std::move(done));
        }
        void commit(bus::Transaction transaction, bus::Done<void> done) override {
            ++bus.transactions;
            bus.loop_.after(Duration{1}, alive.guard([this, transaction = std::move(transaction),
                                                      done = std::move(done)]() mutable {
                if (bus.hold_commits) {
                    --bus.transactions;
                    return commit(std::move(transaction), std::move(done));
                }
                auto const fail = [&](Kind kind) {
                    done(std::unexpected(bus::Error{kind, "as the test wants it"}));
                };
                if (bus.refuses && bus.refuses(transaction)) return fail(Kind::refused);
                if (epoch != bus.epochs_[id]) return fail(Kind::fenced);
                if (!bus.commit_fails.empty()) {
                    auto const kind = bus.commit_fails.front();
                    bus.commit_fails.pop_front();
                    if (kind == Kind::unknown_outcome) bus.apply(std::move(transaction));
                    return fail(kind);
                }
                bus.apply(std::move(transaction));
                done({});
            }));
        }
        FakeBus& bus;
        std::string id;
        std::int32_t epoch = 0;
        Alive alive;
    };

    void apply(bus::Transaction transaction) {
        std::map<bus::TopicPartition, bool> touched;
        transaction.own_records();
        for (auto& record : transaction.records)
            touched[append(std::move(record)).partition] = true;
        for (auto const& [id, yes] : touched) ++logs[id].end;
        if (member_ == nullptr) return;
        for (auto& [id, committed] : transaction.offsets) groups[member_->group][id] = committed;
    }
    /// Records go to who wants them.
    void feed() {
        if (feeding_) return;
        feeding_ = true;
        loop_.after(Duration{1}, alive_.guard([this] {
            feeding_ = false;
            if (member_ == nullptr) return;
            std::vector<bus::Record> found;
            for (auto& [id, offset] : member_->flowing) {
                for (auto const& record : logs[id].records)
                    if (record.offset >= offset) found.push_back(record);
                offset = logs[id].end;
            }
            if (!found.empty()) member_->subscriber.records(std::move(found));
        }));
    }
    template <class T, class... Value>
    void answer(bus::Done<T> done, Value... value) {
        loop_.post(
            alive_.guard([this, done = std::move(done), ... value = std::move(value)]() mutable {
                if (is_away)
                    done(std::unexpected(bus::Error{Kind::away, "nobody is there"}));
                else
                    done(bus::Result<T>(std::move(value)...));
            }));
    }

    bus::VirtualLoop& loop_;
    FakeConsumer* member_ = nullptr;
    std::map<std::string, std::int32_t> epochs_;
    bool feeding_ = false;
    Alive alive_;
};

struct Story final : Observer {
    std::vector<std::string> logs;
    std::vector<std::string> runs;      ///< "orders/0@3 #1"
    std::vector<std::string> outcomes;  ///< "orders/0@3 done"
    void log(std::string const& line) override { logs.push_back(line); }
    void run_begins(std::string const&, Position const& position, std::int32_t attempt) override {
        runs.push_back(to_string(position) + " #" + std::to_string(attempt));
    }
    void committed(Position const& position, std::string const& outcome) override {
        outcomes.push_back(to_string(position) + " " + outcome);
    }
};

}  // namespace klamm::handler::test
