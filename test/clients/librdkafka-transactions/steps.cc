// librdkafka with its C++ interface: transactions as an application sees them.
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafkacpp.h>

namespace {

constexpr int partitions = 2;
constexpr int records = 20;
constexpr int wait_ms = 30'000;

using Kinds = std::map<std::string, int>;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(std::string const& why) { throw std::runtime_error(why); }
void expect(bool condition, std::string const& why) {
    if (!condition) fail(why);
}
void check(RdKafka::ErrorCode code, std::string const& what) {
    if (code != RdKafka::ERR_NO_ERROR) fail(what + ": " + RdKafka::err2str(code));
}
/// For the functions of transactions, whose errors say what may be done about them.
void check(RdKafka::Error* given, std::string const& what) {
    std::unique_ptr<RdKafka::Error> const error{given};
    if (error) fail(what + ": " + error->str());
}
std::string text(Kinds const& kinds) {
    std::string all;
    for (auto const& [kind, count] : kinds) all += kind + " " + std::to_string(count) + " ";
    return all;
}

struct Work {
    std::string bootstrap;
    std::string prefix;
};

using Settings = std::map<std::string, std::string>;

std::unique_ptr<RdKafka::Conf> make_conf(Settings const& settings) {
    std::unique_ptr<RdKafka::Conf> conf{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    std::string error;
    for (auto const& [name, value] : settings)
        if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) fail(error);
    return conf;
}

using ProducerPtr = std::unique_ptr<RdKafka::Producer>;
using ConsumerPtr = std::unique_ptr<RdKafka::KafkaConsumer>;

ProducerPtr producer(Work const& work, std::string const& id) {
    std::string error;
    auto const conf = make_conf({{"bootstrap.servers", work.bootstrap},
                                 {"transactional.id", work.prefix + "-" + id},
                                 {"linger.ms", "5"}});
    ProducerPtr made{RdKafka::Producer::create(conf.get(), error)};
    expect(made != nullptr, error);
    check(made->init_transactions(wait_ms), "init");
    return made;
}

ConsumerPtr consumer(Work const& work, std::string const& group, bool committed) {
    std::string error;
    auto const conf =
        make_conf({{"bootstrap.servers", work.bootstrap},
                   {"group.id", work.prefix + "-" + group},
                   {"isolation.level", committed ? "read_committed" : "read_uncommitted"},
                   {"auto.offset.reset", "earliest"},
                   {"enable.auto.commit", "false"},
                   {"enable.partition.eof", "true"},
                   {"heartbeat.interval.ms", "500"}});
    ConsumerPtr made{RdKafka::KafkaConsumer::create(conf.get(), error)};
    expect(made != nullptr, error);
    return made;
}

std::string create(Work const& work, std::string const& name) {
    auto const topic = work.prefix + "-" + name;
    std::string why;
    ProducerPtr const client{
        RdKafka::Producer::create(make_conf({{"bootstrap.servers", work.bootstrap}}).get(), why)};
    expect(client != nullptr, why);
    char error[256];
    auto* queue = rd_kafka_queue_new(client->c_ptr());
    auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error, sizeof error);
    rd_kafka_CreateTopics(client->c_ptr(), &wanted, 1, nullptr, queue);
    rd_kafka_NewTopic_destroy(wanted);
    auto* event = rd_kafka_queue_poll(queue, wait_ms);
    expect(event != nullptr && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR,
           "the topic was not created");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    return topic;
}

void send(RdKafka::Producer& to, std::string const& topic, std::string const& kind) {
    for (int n = 0; n < records; ++n) {
        auto value = kind;
        check(to.produce(topic, n % partitions, RdKafka::Producer::RK_MSG_COPY, value.data(),
                         value.size(), nullptr, 0, 0, nullptr),
              "produce");
    }
}

struct Partitions {
    std::vector<RdKafka::TopicPartition*> list;
    Partitions() = default;
    Partitions(std::string const& topic, std::int64_t offset) {
        for (int p = 0; p < partitions; ++p)
            list.push_back(RdKafka::TopicPartition::create(topic, p, offset));
    }
    Partitions(Partitions const&) = delete;
    ~Partitions() { RdKafka::TopicPartition::destroy(list); }
};

/// How many records of each kind are seen up to the end.
Kinds read(Work const& work, std::string const& topic, bool committed) {
    auto const reader = consumer(work, "reader", committed);
    Partitions const all(topic, 0);
    check(reader->assign(all.list), "assign");
    Kinds kinds;
    std::set<int> ended;
    auto const deadline = Clock::now() + std::chrono::milliseconds{wait_ms};
    while (ended.size() < partitions) {
        expect(Clock::now() < deadline, "the end was not reached");
        std::unique_ptr<RdKafka::Message> const message{reader->consume(200)};
        if (message->err() == RdKafka::ERR__PARTITION_EOF) ended.insert(message->partition());
        if (message->err() == RdKafka::ERR_NO_ERROR)
            ++kinds[{static_cast<char const*>(message->payload()), message->len()}];
    }
    reader->close();
    return kinds;
}

/// Waits for what is wanted: Apache Kafka may answer before all markers are written.
void expect_read(Work const& work, std::string const& topic, bool committed, Kinds const& wanted) {
    auto const deadline = Clock::now() + std::chrono::milliseconds{wait_ms};
    for (auto seen = read(work, topic, committed); seen != wanted;
         seen = read(work, topic, committed))
        expect(Clock::now() < deadline, (committed ? "read_committed sees " : "all see ") +
                                            text(seen) + ", wanted " + text(wanted));
}

std::string commit(Work const& work) {
    auto const topic = create(work, "commit");
    auto const writer = producer(work, "commit");
    Kinds sent;
    for (std::string const kind : {"one", "two", "three"}) {
        check(writer->begin_transaction(), "begin");
        send(*writer, topic, kind);
        check(writer->flush(wait_ms), "flush");
        expect_read(work, topic, true, sent);
        sent[kind] = records;
        expect_read(work, topic, false, sent);
        check(writer->commit_transaction(wait_ms), "commit");
        expect_read(work, topic, true, sent);
    }
    return "3 transactions of 20 records";
}

std::string abort(Work const& work) {
    auto const topic = create(work, "abort");
    auto const a = producer(work, "abort-a");
    auto const b = producer(work, "abort-b");
    for (int round = 0; round < 3; ++round) {
        check(a->begin_transaction(), "begin");
        check(b->begin_transaction(), "begin");
        send(*a, topic, "aborted");
        send(*b, topic, "committed");
        check(a->flush(wait_ms), "flush");
        check(b->flush(wait_ms), "flush");
        check(a->abort_transaction(wait_ms), "abort");
        check(b->commit_transaction(wait_ms), "commit");
    }
    expect_read(work, topic, true, {{"committed", 3 * records}});
    expect_read(work, topic, false, {{"aborted", 3 * records}, {"committed", 3 * records}});
    return "3 aborted beside 3 committed";
}

/// The committed offset of partition 0; negative: none.
std::int64_t committed(RdKafka::KafkaConsumer& of, std::string const& topic) {
    Partitions asked(topic, RdKafka::Topic::OFFSET_INVALID);
    check(of.committed(asked.list, wait_ms), "committed");
    return asked.list[0]->offset();
}

std::string offsets(Work const& work) {
    auto const in = create(work, "in");
    auto const out = create(work, "out");
    auto const filler = producer(work, "filler");
    check(filler->begin_transaction(), "begin");
    send(*filler, in, "in");
    check(filler->commit_transaction(wait_ms), "commit");

    auto const writer = producer(work, "process");
    auto const reader = consumer(work, "process", true);
    check(reader->subscribe({in}), "subscribe");
    bool aborted = false;
    auto const deadline = Clock::now() + std::chrono::milliseconds{wait_ms};
    for (int processed = 0; processed < records;) {
        expect(Clock::now() < deadline, "only " + std::to_string(processed) + " processed");
        std::unique_ptr<RdKafka::Message> const message{reader->consume(200)};
        if (message->err() != RdKafka::ERR_NO_ERROR) continue;
        check(writer->begin_transaction(), "begin");
        std::string value = "out";
        check(writer->produce(out, message->partition(), RdKafka::Producer::RK_MSG_COPY,
                              value.data(), value.size(), nullptr, 0, 0, nullptr),
              "produce");
        Partitions next;
        next.list.push_back(
            RdKafka::TopicPartition::create(in, message->partition(), message->offset() + 1));
        std::unique_ptr<RdKafka::ConsumerGroupMetadata> const group{reader->groupMetadata()};
        check(writer->send_offsets_to_transaction(next.list, group.get(), wait_ms), "offsets");
        if (!aborted) {
            aborted = true;
            check(writer->abort_transaction(wait_ms), "abort");
            expect(committed(*reader, in) < 0, "offsets of an aborted transaction are committed");
            std::unique_ptr<RdKafka::TopicPartition> const back{
                RdKafka::TopicPartition::create(in, message->partition(), message->offset())};
            check(reader->seek(*back, wait_ms), "seek");
        } else {
            check(writer->commit_transaction(wait_ms), "commit");
            ++processed;
        }
    }
    auto const offset = committed(*reader, in);
    expect(offset == records / partitions, "committed at " + std::to_string(offset));
    reader->close();
    expect_read(work, out, true, {{"out", records}});
    return "20 in, 20 out; aborted offsets are none";
}

std::string fencing(Work const& work) {
    auto const topic = create(work, "fencing");
    auto const old = producer(work, "fencing");
    check(old->begin_transaction(), "begin");
    send(*old, topic, "old");
    check(old->flush(wait_ms), "flush");
    auto const fresh = producer(work, "fencing");
    std::unique_ptr<RdKafka::Error> const fenced{old->commit_transaction(wait_ms)};
    expect(fenced != nullptr, "a fenced producer has committed");
    expect(fenced->is_fatal(), "not fatal: " + fenced->str());
    check(fresh->begin_transaction(), "begin");
    send(*fresh, topic, "fresh");
    check(fresh->commit_transaction(wait_ms), "commit");
    expect_read(work, topic, true, {{"fresh", records}});
    return "the older one was fenced and aborted";
}

bool run(std::string const& name, std::function<std::string()> const& step) {
    try {
        std::cout << "step " << name << " ok " << step() << std::endl;
        return true;
    } catch (std::exception const& thrown) {
        std::cout << "step " << name << " failed " << thrown.what() << std::endl;
        return false;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::cout << "client librdkafka " << RdKafka::version_str() << std::endl;
    Work const work{argv[1], argv[2]};
    bool ok = run("commit", [&] { return commit(work); });
    ok &= run("abort", [&] { return abort(work); });
    ok &= run("offsets", [&] { return offsets(work); });
    ok &= run("fencing", [&] { return fencing(work); });
    return ok ? 0 : 1;
}
