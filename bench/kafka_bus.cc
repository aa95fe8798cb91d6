// kafka_bus - what the bus costs over librdkafka alone: the same records are copied from one topic
// to another, in the same transactions with the same offsets, by either.
//
//     kafka_bus BOOTSTRAP fill TOPIC RECORDS BYTES PARTITIONS
//     kafka_bus BOOTSTRAP bus|raw TOPIC RECORDS
//
// Prints seconds and the CPU seconds of this process, as JSON.
#include "klamm/kafka_bus/kafka_bus.h"
#include "klamm/kafka_bus/handles.h"
#include "test/kafka_bus/loop.h"

#include <sys/resource.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm::kafka_bus {
namespace {

constexpr std::size_t records_per_transaction = 5'000;
constexpr int wait_ms = 60'000;
constexpr int room_ms = 10;
constexpr std::size_t messages_at_once = 512;

[[noreturn]] void fail(std::string const& why) {
    std::fprintf(stderr, "kafka_bus: %s\n", why.c_str());
    std::exit(1);
}
void expect(rd_kafka_error_t* given, char const* what) {
    ErrorPtr const error(given);
    if (error) fail(std::string(what) + ": " + rd_kafka_error_string(error.get()));
}
void expect(rd_kafka_resp_err_t error, char const* what) {
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(std::string(what) + ": " + words(error));
}

using Settings = std::vector<std::pair<char const*, std::string>>;

struct Raw {
    Raw(rd_kafka_type_t type, Settings const& settings) {
        auto* const conf = rd_kafka_conf_new();
        std::array<char, 512> why{};
        for (auto const& [name, value] : settings)
            if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) !=
                RD_KAFKA_CONF_OK)
                fail(why.data());
        rk = rd_kafka_new(type, conf, why.data(), why.size());
        if (rk == nullptr) fail(why.data());
    }
    ~Raw() { rd_kafka_destroy(rk); }
    Raw(Raw const&) = delete;
    Raw& operator=(Raw const&) = delete;
    rd_kafka_t* rk = nullptr;
};

/// Gives the record to the producer, as the least that a program with librdkafka does.
void produce_raw(rd_kafka_t* rk, rd_kafka_topic_t* to, std::int32_t partition, void* value,
                 std::size_t size) {
    while (rd_kafka_produce(to, partition, RD_KAFKA_MSG_F_COPY, value, size, nullptr, 0, nullptr) !=
           0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            fail(words(rd_kafka_last_error()));
        rd_kafka_poll(rk, room_ms);
    }
}

void make_topics(bus::Bus& bus, test::TestLoop& loop, std::string const& topic, int partitions) {
    bool made = false;
    bus.create_topics({{.name = topic, .partitions = partitions},
                       {.name = topic + "-out", .partitions = partitions}},
                      [&](bus::Result<void> result) {
                          if (!result) fail(result.error().why);
                          made = true;
                      });
    if (!loop.run_until([&] { return made; })) fail("no answer");
}

std::unique_ptr<bus::Bus> open_bus(test::TestLoop& loop, std::string const& bootstrap) {
    auto bus = make_kafka_bus(loop, {.bootstrap = bootstrap});
    if (!bus) fail(bus.error());
    return std::move(*bus);
}

void fill(std::string const& bootstrap, std::string const& topic, std::size_t records,
          std::size_t bytes, int partitions) {
    test::TestLoop loop;
    make_topics(*open_bus(loop, bootstrap), loop, topic, partitions);
    Raw producer(
        RD_KAFKA_PRODUCER,
        {{"bootstrap.servers", bootstrap}, {"linger.ms", "20"}, {"enable.idempotence", "true"}});
    std::string value(bytes, 'x');
    auto* const to = rd_kafka_topic_new(producer.rk, topic.c_str(), nullptr);
    for (std::size_t n = 0; n < records; ++n)
        produce_raw(producer.rk, to, std::int32_t(n % std::size_t(partitions)), value.data(),
                    value.size());
    expect(rd_kafka_flush(producer.rk, wait_ms), "flush");
    rd_kafka_topic_destroy(to);
}

/// One thread: takes records, gives them to the producer, and ends a transaction when it is full.
void copy_raw(std::string const& bootstrap, std::string const& topic, std::size_t records) {
    Raw consumer(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap},
                                     {"group.id", topic + "-raw"},
                                     {"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"auto.offset.reset", "earliest"},
                                     {"fetch.wait.max.ms", "100"},
                                     {"partition.assignment.strategy", "cooperative-sticky"}});
    Raw producer(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap},
                                     {"transactional.id", topic + "-raw"},
                                     {"linger.ms", "2"}});
    expect(rd_kafka_init_transactions(producer.rk, wait_ms), "init");
    rd_kafka_poll_set_consumer(consumer.rk);
    auto const topics = list_of({{topic, RD_KAFKA_PARTITION_UA}});
    expect(rd_kafka_subscribe(consumer.rk, topics.get()), "subscribe");
    auto const out = topic + "-out";
    auto* const to = rd_kafka_topic_new(producer.rk, out.c_str(), nullptr);
    Queue const queue(rd_kafka_queue_get_consumer(consumer.rk));
    std::array<rd_kafka_message_t*, messages_at_once> given{};
    std::map<std::int32_t, std::int64_t> next;
    std::size_t in_transaction = 0;
    auto const commit = [&] {
        std::vector<bus::TopicPartition> partitions;
        for (auto const& [partition, offset] : next) partitions.push_back({topic, partition});
        auto const offsets = list_of(partitions);
        for (int i = 0; i < offsets->cnt; ++i)
            offsets->elems[i].offset = next[offsets->elems[i].partition];
        GroupMetadata const group(rd_kafka_consumer_group_metadata(consumer.rk));
        expect(
            rd_kafka_send_offsets_to_transaction(producer.rk, offsets.get(), group.get(), wait_ms),
            "offsets");
        expect(rd_kafka_commit_transaction(producer.rk, wait_ms), "commit");
        in_transaction = 0;
        next.clear();
    };
    for (std::size_t copied = 0; copied < records;) {
        auto count = rd_kafka_consume_batch_queue(queue.get(), 100, given.data(), 1);
        if (count == 1)
            count +=
                rd_kafka_consume_batch_queue(queue.get(), 0, given.data() + 1, given.size() - 1);
        for (ssize_t i = 0; i < count; ++i) {
            MessagePtr const message(given[std::size_t(i)]);
            expect(message->err, "consume");
            if (in_transaction++ == 0) expect(rd_kafka_begin_transaction(producer.rk), "begin");
            produce_raw(producer.rk, to, message->partition, message->payload, message->len);
            next[message->partition] = message->offset + 1;
            ++copied;
            if (in_transaction == records_per_transaction || copied == records) commit();
        }
    }
    rd_kafka_topic_destroy(to);
    rd_kafka_consumer_close(consumer.rk);
}

/// The same with the bus. What comes meanwhile waits for the next transaction.
class Copy final : public bus::Subscriber {
public:
    Copy(std::string const& bootstrap, std::string topic, std::size_t records)
        : topic_(std::move(topic)), wanted_(records), bus_(open_bus(loop_, bootstrap)) {
        producer_ = bus_->make_producer(
            {.transactional_id = topic_ + "-bus", .transaction_timeout = Duration{60'000}});
        producer_->initialize([this](bus::Result<void> result) {
            if (!result) fail(result.error().why);
            ready_ = true;
            commit();
        });
        consumer_ = bus_->make_consumer({.group = topic_ + "-bus", .topics = {topic_}}, *this);
        if (!loop_.run_until([&] { return copied_ == wanted_; }, Duration{600'000}))
            fail("not all was copied");
        bool left = false;
        consumer_->leave([&](auto const&) { left = true; });
        loop_.run_until([&] { return left; });
    }
    void assigned(std::map<bus::TopicPartition, bus::Committed> const& given) override {
        for (auto const& [partition, committed] : given)
            consumer_->resume(partition, committed.offset < 0 ? bus::earliest : committed.offset);
    }
    void revoked(std::vector<bus::TopicPartition> const&,
                 std::move_only_function<void()> released) override {
        released();
    }
    void lost(std::vector<bus::TopicPartition> const&) override { fail("lost"); }
    void records(std::vector<bus::Record> records) override {
        for (auto& record : records) {
            waiting_.push_back(std::move(record));
        }
        commit();
    }
    void skipped(bus::TopicPartition const&, std::int64_t, std::int64_t) override {}
    void away(std::string const&) override {}
    void back() override {}

private:
    void commit() {
        auto const enough = std::min(records_per_transaction, wanted_ - copied_);
        if (!ready_ || busy_ || waiting_.size() < enough || enough == 0) return;
        bus::Transaction transaction{.consumer = consumer_.get()};
        transaction.records.reserve(enough);
        for (std::size_t n = 0; n < enough; ++n) {
            auto const& record = waiting_.front();
            transaction.records.push_back(
                {.topic = topic_ + "-out",
                 .partition = record.partition.partition,
                 .value = std::string(reinterpret_cast<char const*>(record.value->data()),
                                      record.value->size())});
            transaction.offsets[record.partition] = {record.offset + 1, ""};
            waiting_.pop_front();
        }
        busy_ = true;
        producer_->commit(std::move(transaction), [this, enough](bus::Result<void> result) {
            if (!result) fail(result.error().why);
            busy_ = false;
            copied_ += enough;
            commit();
        });
    }

    std::string const topic_;
    std::size_t const wanted_;
    test::TestLoop loop_;
    std::unique_ptr<bus::Bus> bus_;
    std::unique_ptr<bus::Producer> producer_;
    std::unique_ptr<bus::Consumer> consumer_;
    std::deque<bus::Record> waiting_;
    std::size_t copied_ = 0;
    bool ready_ = false;
    bool busy_ = false;
};

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    auto const seconds = [](timeval const& time) {
        return double(time.tv_sec) + double(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::size_t number(char const* text) {
    std::size_t value = 0;
    std::string_view const given(text);
    std::from_chars(given.data(), given.data() + given.size(), value);
    if (value == 0) fail("not a positive number: " + std::string(given));
    return value;
}

int run(std::vector<char const*> const& arguments) {
    std::string const bootstrap = arguments[0];
    std::string_view const mode = arguments[1];
    std::string const topic = arguments[2];
    auto const records = number(arguments[3]);
    if (mode == "fill" && arguments.size() == 6) {
        fill(bootstrap, topic, records, number(arguments[4]), int(number(arguments[5])));
        return 0;
    }
    auto const start = std::chrono::steady_clock::now();
    auto const cpu = cpu_seconds();
    if (mode == "bus")
        Copy(bootstrap, topic, records);
    else
        copy_raw(bootstrap, topic, records);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
    std::printf("{\"seconds\": %.3f, \"cpu_seconds\": %.3f}\n", took.count(), cpu_seconds() - cpu);
    return 0;
}

}  // namespace
}  // namespace klamm::kafka_bus

int main(int argc, char** argv) {
    if (argc != 5 && argc != 7) {
        std::fprintf(stderr,
                     "usage: kafka_bus BOOTSTRAP fill|bus|raw TOPIC RECORDS [BYTES PARTITIONS]\n");
        return 2;
    }
    return klamm::kafka_bus::run({argv + 1, argv + argc});
}
