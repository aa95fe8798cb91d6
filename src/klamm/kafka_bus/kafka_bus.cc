#include "klamm/kafka_bus/kafka_bus.h"

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/cluster.h"
#include "klamm/kafka_bus/consumer.h"
#include "klamm/kafka_bus/producer.h"
#include "klamm/kafka_bus/reader.h"
#include "klamm/kafka_bus/sender.h"

namespace klamm::kafka_bus {
namespace {

/// Questions that wait at the same time; more of them wait for these.
constexpr int askers = 4;

/// Threads in which the cluster is asked. Shared with consumers, which may outlive the bus.
class Pool {
public:
    void run() {
        while (auto job = commands_.wait()) job();
    }
    void ask(Commands::Job job) { commands_.add(std::move(job)); }
    void stop() { commands_.stop(); }

private:
    Commands commands_;
};

class KafkaBus final : public bus::Bus {
public:
    KafkaBus(bus::Loop& loop, Options options, std::shared_ptr<Log> log, Reader::Clients clients)
        : loop_(loop),
          options_(std::move(options)),
          log_(std::move(log)),
          calls_(loop),
          pool_(std::make_shared<Pool>()),
          cluster_(std::make_shared<Cluster>(options_, log_, clients.committed)),
          reader_(options_.patience, std::move(clients)),
          sender_(options_, log_, cluster_) {
        for (int i = 0; i < askers; ++i) threads_.start([pool = pool_] { pool->run(); });
    }
    ~KafkaBus() override {
        cluster_->stop();
        pool_->stop();
        for (auto const& member : members_)
            if (auto const alive = member.lock()) alive->stop();
        for (auto const& one : transactions_)
            if (auto const alive = one.lock()) alive->commands().stop();
    }

    void probe(bus::Done<bus::Capabilities> done) override {
        ask<bus::Capabilities>(std::move(done), [](Cluster& cluster) { return cluster.probe(); });
    }
    void create_topics(std::vector<bus::TopicSpec> topics, bus::Done<void> done) override {
        ask<void>(std::move(done), [topics = std::move(topics)](Cluster& cluster) {
            return cluster.create_topics(topics);
        });
    }
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override {
        ask<std::vector<bus::TopicDescription>>(std::move(done),
                                                [names = std::move(names)](Cluster& cluster) {
                                                    return cluster.describe_topics(names);
                                                });
    }
    void offset_at(bus::TopicPartition const& partition, std::int64_t timestamp_ms,
                   bus::Done<std::int64_t> done) override {
        ask<std::int64_t>(std::move(done), [partition, timestamp_ms](Cluster& cluster) {
            return cluster.offset_at(partition, timestamp_ms);
        });
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              bus::Done<bus::ReadResult> done) override {
        reader_.read(partition, offset, bytes_max, calls_.open<bus::ReadResult>(std::move(done)));
    }
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        ask<std::map<bus::TopicPartition, bus::Committed>>(
            std::move(done),
            [group, partitions = std::move(partitions), patience = options_.patience](
                Cluster& cluster) { return cluster.committed(group, partitions, patience); });
    }
    void send(std::vector<bus::Outgoing> records, bus::Done<std::vector<Position>> done) override {
        sender_.send(std::move(records), calls_.open<std::vector<Position>>(std::move(done)));
    }
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override {
        auto transactions =
            std::make_shared<Transactions>(options_, std::move(options), log_, cluster_);
        std::erase_if(transactions_, [](auto const& one) { return one.expired(); });
        transactions_.push_back(transactions);
        return std::make_unique<KafkaProducer>(loop_, threads_, std::move(transactions));
    }
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions options,
                                                 bus::Subscriber& subscriber) override {
        auto consumer = std::make_unique<KafkaConsumer>(
            loop_, threads_, options_, std::move(options), subscriber, log_, cluster_,
            [pool = pool_](Commands::Job job) { pool->ask(std::move(job)); });
        std::erase_if(members_, [](auto const& one) { return one.expired(); });
        members_.push_back(consumer->member());
        return consumer;
    }

private:
    template <class T, class Question>
    void ask(bus::Done<T> done, Question question) {
        pool_->ask([question = std::move(question), cluster = cluster_,
                    answer = calls_.open<T>(std::move(done))] { answer(question(*cluster)); });
    }

    bus::Loop& loop_;
    Options const options_;
    std::shared_ptr<Log> const log_;
    Calls calls_;
    std::shared_ptr<Pool> const pool_;
    std::shared_ptr<Cluster> const cluster_;
    std::vector<std::weak_ptr<Member>> members_;
    std::vector<std::weak_ptr<Transactions>> transactions_;
    Threads threads_;
    Reader reader_;
    Sender sender_;
};

}  // namespace

std::expected<std::unique_ptr<bus::Bus>, std::string> make_kafka_bus(bus::Loop& loop,
                                                                     Options options) {
    auto log = std::make_shared<Log>(options.log);
    auto const make_reader = [&](char const* isolation) {
        return Client::make(RD_KAFKA_CONSUMER, options, log,
                            {{"fetch.wait.max.ms", "5"},
                             {"fetch.error.backoff.ms", "100"},
                             {"topic.metadata.refresh.interval.ms", "10000"}},
                            {{"client.id", "klamm-reader"},
                             {"isolation.level", isolation},
                             {"enable.partition.eof", "true"},
                             {"auto.offset.reset", "error"},
                             {"allow.auto.create.topics", "false"}},
                            {});
    };
    auto committed = make_reader("read_committed");
    if (!committed) return std::unexpected(committed.error());
    auto uncommitted = make_reader("read_uncommitted");
    if (!uncommitted) return std::unexpected(uncommitted.error());
    return std::make_unique<KafkaBus>(loop, std::move(options), std::move(log),
                                      Reader::Clients{.committed = std::move(*committed),
                                                      .uncommitted = std::move(*uncommitted)});
}

}  // namespace klamm::kafka_bus
