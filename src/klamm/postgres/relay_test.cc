// The relay over a log and a table that crash between any two steps: each row one event, in order.
#include "klamm/postgres/relay.h"

#include "klamm/base/random.h"
#include "klamm/bus/loop_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace klamm::postgres {
namespace {

/// What is stored: survives crashes of the relay.
struct Log {
    std::map<std::string, std::vector<bus::Record>> topics;
    int epoch = 0;
};

class LogProducer final : public bus::Producer {
public:
    LogProducer(bus::VirtualLoop& loop, Log& log, Random& random)
        : loop_(loop), log_(log), random_(random) {}
    void initialize(bus::Done<void> done) override {
        epoch_ = ++log_.epoch;
        loop_.post([done = std::move(done)]() mutable { done({}); });
    }
    void commit(bus::Transaction transaction, bus::Done<void> done) override {
        loop_.post([this, transaction = std::move(transaction), done = std::move(done)]() mutable {
            if (epoch_ != log_.epoch)
                return done(std::unexpected(bus::Error{bus::Error::Kind::fenced, "fenced"}));
            if (random_.one_in(5))
                return done(std::unexpected(bus::Error{bus::Error::Kind::aborted, "aborted"}));
            for (auto const& each : transaction.records) append(each);
            loop_.post([done = std::move(done)]() mutable { done({}); });
        });
    }

private:
    static std::optional<Slice> slice(std::optional<std::string> const& text) {
        if (!text) return std::nullopt;
        auto const bytes = std::as_bytes(std::span{*text});
        return Slice{Bytes{bytes.begin(), bytes.end()}};
    }
    void append(bus::Outgoing const& out) {
        auto& records = log_.topics[out.topic];
        records.push_back({.partition = {out.topic, 0},
                           .offset = std::int64_t(records.size()),
                           .key = slice(out.key),
                           .value = slice(out.value),
                           .headers = out.headers});
    }
    bus::VirtualLoop& loop_;
    Log& log_;
    Random& random_;
    int epoch_ = 0;
};

/// Only what a relay asks for.
class LogBus final : public bus::Bus {
public:
    LogBus(bus::VirtualLoop& loop, Log& log, Random& random)
        : loop_(loop), log_(log), random_(random) {}
    void create_topics(std::vector<bus::TopicSpec>, bus::Done<void> done) override {
        loop_.post([done = std::move(done)]() mutable { done({}); });
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t,
              bus::Done<bus::ReadResult> done) override {
        loop_.post([this, topic = partition.topic, offset, done = std::move(done)]() mutable {
            auto const& all = log_.topics[topic];
            bus::ReadResult result;
            result.end = std::int64_t(all.size());
            result.next = std::min(offset + 3, result.end);  // so that it takes several
            result.records.assign(all.begin() + offset, all.begin() + result.next);
            done(std::move(result));
        });
    }
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions) override {
        return std::make_unique<LogProducer>(loop_, log_, random_);
    }
    void probe(bus::Done<bus::Capabilities>) override {}
    void describe_topics(std::vector<std::string>,
                         bus::Done<std::vector<bus::TopicDescription>>) override {}
    void offset_at(bus::TopicPartition const&, std::int64_t, bus::Done<std::int64_t>) override {}
    void committed(std::string const&, std::vector<bus::TopicPartition>,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>>) override {}
    void send(std::vector<bus::Outgoing>, bus::Done<std::vector<Position>>) override {}
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions, bus::Subscriber&) override {
        return nullptr;
    }

private:
    bus::VirtualLoop& loop_;
    Log& log_;
    Random& random_;
};

class MemoryTable final : public Table {
public:
    MemoryTable(bus::VirtualLoop& loop, std::vector<Row>& rows, Random& random)
        : loop_(loop), rows_(rows), random_(random) {}
    void next(std::int32_t rows_max, Done<std::vector<Row>> done) override {
        loop_.post([this, rows_max, done = std::move(done)]() mutable {
            if (random_.one_in(10)) return done(std::unexpected(std::string("away")));
            auto const count = std::min(rows_.size(), std::size_t(rows_max));
            done(std::vector<Row>{rows_.begin(), rows_.begin() + std::ptrdiff_t(count)});
        });
    }
    void remove(std::vector<std::string> ids, Done<void> done) override {
        loop_.post([this, ids = std::move(ids), done = std::move(done)]() mutable {
            if (random_.one_in(10)) return done(std::unexpected(std::string("away")));
            std::erase_if(rows_,
                          [&](Row const& row) { return std::ranges::count(ids, row.id) > 0; });
            if (random_.one_in(10)) return done(std::unexpected(std::string("lost")));
            done({});
        });
    }
    void wait(Duration patience, std::move_only_function<void()> done) override {
        loop_.after(patience, std::move(done));
    }

private:
    bus::VirtualLoop& loop_;
    std::vector<Row>& rows_;
    Random& random_;
};

Row row(int number, int aggregate) {
    return {.id = "id-" + std::to_string(number),
            .aggregate_type = "order",
            .aggregate_id = "order-" + std::to_string(aggregate),
            .type = "OrderPlaced",
            .payload = std::to_string(number)};
}

/// What came out of one run: empty, or what is wrong.
std::string run(std::uint64_t seed, RelayOptions options) {
    Random random{seed};
    bus::VirtualLoop loop;
    Log log;
    std::vector<Row> rows;
    std::map<std::string, std::vector<std::string>> wanted;
    for (int i = 0; i < 40; ++i) {
        rows.push_back(row(i, int(random.below(4))));
        wanted[rows.back().aggregate_id].push_back(rows.back().id);
    }
    options.batch = 1 + std::int32_t(random.below(10));
    while (!rows.empty()) {
        LogBus bus{loop, log, random};
        MemoryTable table{loop, rows, random};
        Relay relay{loop, bus, table, options, [](std::string const&) {}};
        relay.start();
        auto steps = random.one_in(4) ? 10'000 : random.below(60);
        while (steps-- > 0 && !rows.empty() && loop.step()) continue;
        loop.drop_all();  // it crashes
    }
    std::map<std::string, std::vector<std::string>> found;
    for (auto const& record : log.topics["outbox.event.order"]) {
        auto const key = record.key->view();
        found[std::string(reinterpret_cast<char const*>(key.data()), key.size())].push_back(
            std::string(find_header(record.headers, "id").value_or("")));
    }
    if (found == wanted) return {};
    for (auto const& [key, ids] : wanted)
        if (found[key] != ids)
            return key + ": " + std::to_string(found[key].size()) + " events for " +
                   std::to_string(ids.size()) + " rows";
    return "other events";
}

TEST(Relay, makes_each_row_one_event_in_order_whatever_crashes) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) EXPECT_EQ(run(seed, {}), "") << seed;
}

TEST(Relay, is_found_out_when_it_deletes_first) {
    bool found = false;
    for (std::uint64_t seed = 1; seed <= 500 && !found; ++seed)
        found = !run(seed, {.wrong_delete_first = true}).empty();
    EXPECT_TRUE(found);
}

TEST(Relay, is_found_out_when_it_forgets_its_progress) {
    bool found = false;
    for (std::uint64_t seed = 1; seed <= 500 && !found; ++seed)
        found = !run(seed, {.wrong_no_progress = true}).empty();
    EXPECT_TRUE(found);
}

TEST(Relay, writes_what_debezium_and_cloud_events_readers_look_for) {
    auto given = row(7, 1);
    given.tracing =
        "#comment\ntraceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n";
    given.headers = R"({"ce_correlationid": "c-1", "tenant": "t"})";
    given.timestamp_ms = 12;
    auto const out = record_of(given, {});
    EXPECT_EQ(out.topic, "outbox.event.order");
    EXPECT_EQ(out.key, "order-1");
    EXPECT_EQ(out.value, "7");
    EXPECT_EQ(out.timestamp_ms, 12);
    auto const header = [&](std::string_view name) {
        return std::string(find_header(out.headers, name).value_or("none"));
    };
    EXPECT_EQ(header("id"), "id-7");
    EXPECT_EQ(header("ce_id"), "id-7");
    EXPECT_EQ(header("ce_type"), "OrderPlaced");
    EXPECT_EQ(header("ce_source"), "/outbox");
    EXPECT_EQ(header("ce_correlationid"), "c-1");
    EXPECT_EQ(header("tenant"), "t");
    EXPECT_EQ(header("traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

TEST(Relay, passes_a_row_without_payload_on_as_a_tombstone) {
    auto given = row(7, 1);
    given.payload.reset();
    EXPECT_EQ(record_of(given, {}).value, std::nullopt);
}

}  // namespace
}  // namespace klamm::postgres
