// bench/embedded_bus.cc - what the embedded bus costs: records sent, read, and read, processed and
// written with exactly once, beside a real broker on the same thread.
//
// No disk, no threads, no sockets: what is left is the work of bus and broker. Prints for each
// phase records per CPU second.
//
//     embedded_bus [RECORDS]
#include "klamm/bus/embedded_bus.h"
#include "klamm/broker/broker.h"
#include "klamm/broker/check_decoded.h"
#include "klamm/handler/engine.h"
#include "klamm/journal/memory_extents.h"
#include "klamm/journal/memory_journal.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <set>
#include <string>

namespace {

using namespace klamm;

constexpr std::int32_t partitions = 8;
constexpr std::size_t note_bytes = 60;
constexpr std::size_t records_per_send = 1'000;

class InlineLoop final : public bus::Loop {
public:
    Now now() const override { return {now_, 1'700'000'000'000 + now_.time_since_epoch().count()}; }
    void post(Job job) override { ready_.push_back(std::move(job)); }
    void after(Duration delay, Job job) override { later_.emplace(now_ + delay, std::move(job)); }
    /// Time goes on when nothing else is to be done.
    void run_until(auto const& reached) {
        while (!reached()) {
            if (ready_.empty()) {
                auto next = later_.extract(later_.begin());
                now_ = next.key();
                ready_.push_back(std::move(next.mapped()));
            }
            auto job = std::move(ready_.front());
            ready_.pop_front();
            job();
        }
    }

private:
    Instant now_{Duration{1'000}};
    std::deque<Job> ready_;
    std::multimap<Instant, Job> later_;
};

class InlineBroker final : public bus::Connector {
public:
    explicit InlineBroker(InlineLoop& loop) : loop_(loop), broker_({}, journal_, 1) {
        broker_.start(loop_.now());
        pump();
    }
    std::unique_ptr<bus::Connection> connect(std::string const& client_id) override {
        return std::make_unique<Wire>(*this, broker::ConnectionId(++connections_), client_id);
    }

private:
    struct Wire final : bus::Connection {
        Wire(InlineBroker& on, broker::ConnectionId its, std::string client)
            : host(on), id(its), client_id(std::move(client)) {
            host.wires_[id] = this;
        }
        ~Wire() override {
            host.wires_.erase(id);
            host.broker_.disconnected(id, host.loop_.now());
        }
        void send(kafka::AnyRequest body, kafka::ApiVersion version, Answer answer) override {
            broker::Request request;
            request.id = {id, next};
            request.header = {kafka::described_apis()[body.index()].key, version,
                              std::int32_t(next), client_id};
            request.body = std::move(body);
            broker::check_decoded(request, nullptr, nullptr);
            answers.emplace(next++, std::move(answer));
            host.broker_.submit(std::move(request), host.loop_.now());
            host.pump_soon();
        }
        InlineBroker& host;
        broker::ConnectionId id;
        std::string client_id;
        std::uint64_t next = 0;
        std::map<std::uint64_t, Answer> answers;
    };

    void pump_soon() {
        if (std::exchange(pumping_, true)) return;
        loop_.post([this] {
            pumping_ = false;
            pump();
        });
    }
    void pump() {
        if (auto const durable = journal_.commit()) broker_.durable(*durable, loop_.now());
        for (auto& reply : broker_.take_replies())
            loop_.post([this, reply = std::move(reply)]() mutable { deliver(reply); });
        auto const tick = broker_.next_tick();
        if (!tick || !ticks_.insert(*tick).second) return;
        loop_.after(std::max(*tick - loop_.now().instant, Duration{0}), [this, tick] {
            ticks_.erase(*tick);
            broker_.tick(loop_.now());
            pump();
        });
    }
    void deliver(broker::Reply& reply) {
        auto const wire = wires_.find(reply.id.connection);
        if (wire == wires_.end()) return;
        broker::fill(reply, [&](broker::BatchPlace const& place) {
            return broker::read_place(journal_, extents_, place);
        });
        auto answer = wire->second->answers.extract(reply.id.number);
        answer.mapped()(std::move(reply.body));
    }

    InlineLoop& loop_;
    journal::MemoryJournal journal_{std::size_t{8} << 30};
    journal::MemoryExtents extents_;
    broker::Broker broker_;
    std::map<broker::ConnectionId, Wire*> wires_;
    std::set<Instant> ticks_;
    std::uint64_t connections_ = 0;
    bool pumping_ = false;
};

double cpu_seconds() { return double(std::clock()) / double(CLOCKS_PER_SEC); }

void report(char const* phase, std::size_t records, double since) {
    auto const seconds = cpu_seconds() - since;
    fmt::print("{:24} {:>10.0f} records/CPU s  {:>6.0f} ns/record\n", phase,
               double(records) / seconds, seconds * 1e9 / double(records));
}

bus::Outgoing copy_of(bus::Record const& record) {
    auto const text = [](Slice const& bytes) {
        return std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    };
    bus::Outgoing out;
    out.topic = "out";
    if (record.key) out.key = text(*record.key);
    if (record.value) out.value = text(*record.value);
    return out;
}

/// Reads; with a producer, writes each record once more, in transactions.
struct Copier final : bus::Subscriber {
    void assigned(std::map<bus::TopicPartition, bus::Committed> const& list) override {
        for (auto const& [partition, committed] : list) consumer->resume(partition, 0);
    }
    void revoked(std::vector<bus::TopicPartition> const&,
                 std::move_only_function<void()> released) override {
        released();
    }
    void lost(std::vector<bus::TopicPartition> const&) override {}
    void records(std::vector<bus::Record> records) override {
        read += records.size();
        if (producer == nullptr) return;
        for (auto& record : records) {
            pending.offsets[record.partition].offset = record.offset + 1;
            pending.records.push_back(copy_of(record));
        }
        go();
    }
    void go() {
        if (committing || pending.records.empty()) return;
        committing = true;
        auto const count = pending.records.size();
        pending.consumer = consumer.get();
        producer->commit(std::exchange(pending, {}), [this, count](bus::Result<void> result) {
            if (!result) {
                fmt::print("failed: {}\n", result.error().why);
                std::exit(1);
            }
            committing = false;
            written += count;
            go();
        });
    }
    void skipped(bus::TopicPartition const&, std::int64_t, std::int64_t) override {}
    void away(std::string const&) override {}
    void back() override {}

    std::unique_ptr<bus::Consumer> consumer;
    bus::Producer* producer = nullptr;
    bus::Transaction pending;
    bool committing = false;
    std::size_t read = 0, written = 0;
};

struct Order {
    static constexpr EventName event{"orders.placed"};
    std::string order;
    std::int64_t cents = 0;
    std::string note;
    static constexpr void describe(auto& field) {
        field("order", &Order::order);
        field("cents", &Order::cents);
        field("note", &Order::note);
    }
};

class InlineWorkers final : public handler::Workers {
public:
    explicit InlineWorkers(InlineLoop& loop) : loop_(loop) {}
    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override {
        work();
        loop_.post(std::move(finished));
    }

private:
    InlineLoop& loop_;
};

/// An App that sends each event on: what the library adds to consume-process-produce.
void run_handlers(InlineLoop& loop, bus::Bus& bus, std::size_t records, bool deduplicates) {
    handler::Observer observer;
    InlineWorkers workers{loop};
    App app{deduplicates ? "deduplicates" : "copies",
            {.deduplicate_last = deduplicates ? 100'000 : 0}};
    app.topic("in", {.partitions = partitions}).topic("out", {.partitions = partitions});
    app.on<Order>("in", [](Order const& order, Context& context) {
        context.send("out", order);
        return done();
    });
    auto const codecs = handler::make_codecs(Format::json, nullptr, loop);
    auto const engine = handler::make_engine(app, {}, {loop, bus, workers, *codecs, observer});
    auto const since = cpu_seconds();
    engine->start([](bus::Result<void> started) {
        if (started) return;
        fmt::print("failed: {}\n", started.error().why);
        std::exit(1);
    });
    loop.run_until([&] { return engine->counts().done >= records && engine->idle(); });
    report(deduplicates ? "handlers, deduplicated" : "handlers", records, since);
}

}  // namespace

int main(int count, char** words) {
    auto const records = std::size_t(count > 1 ? std::atoll(words[1]) : 1'000'000);
    InlineLoop loop;
    InlineBroker broker{loop};
    auto const bus = bus::make_embedded_bus(loop, broker);
    bool done = false;
    auto const finished = [&](auto const& result) {
        if (!result) {
            fmt::print("failed: {}\n", result.error().why);
            std::exit(1);
        }
        done = true;
    };
    auto const wait = [&] {
        loop.run_until([&] { return done; });
        done = false;
    };
    bus->create_topics(
        {{.name = "in", .partitions = partitions}, {.name = "out", .partitions = partitions}},
        finished);
    wait();

    auto since = cpu_seconds();
    for (std::size_t sent = 0; sent < records; sent += records_per_send) {
        std::vector<bus::Outgoing> some(records_per_send);
        for (std::size_t i = 0; i < some.size(); ++i) {
            some[i].topic = "in";
            some[i].key = fmt::format("key-{}", (sent + i) % 10'000);
            some[i].value = fmt::format(R"({{"order":"order-{}","cents":{},"note":"{}"}})",
                                        sent + i, i, std::string(note_bytes, 'v'));
            some[i].headers = {{"ce_specversion", "1.0"},
                               {"ce_id", fmt::format("{}", sent + i)},
                               {"ce_source", "/bench"},
                               {"ce_type", "orders.placed"},
                               {"content-type", "application/json"}};
        }
        bus->send(std::move(some), finished);
        wait();
    }
    report("send", records, since);

    since = cpu_seconds();
    {
        Copier reader;
        reader.consumer = bus->make_consumer({.group = "readers", .topics = {"in"}}, reader);
        loop.run_until([&] { return reader.read >= records; });
    }
    report("consume", records, since);

    auto const producer = bus->make_producer({.transactional_id = "bench"});
    producer->initialize(finished);
    wait();
    since = cpu_seconds();
    {
        Copier reader;
        reader.producer = producer.get();
        reader.consumer = bus->make_consumer({.group = "processors", .topics = {"in"}}, reader);
        loop.run_until([&] { return reader.written >= records; });
        report("consume-process-produce", records, since);
    }
    run_handlers(loop, *bus, records, false);
    run_handlers(loop, *bus, records, true);
    return 0;
}
