#include "klamm/live/cluster_bus.h"

#include "klamm/base/ensure.h"
#include "klamm/bus/embedded_bus.h"
#include "klamm/kafka_bus/kafka_bus.h"
#include "klamm/live/recognition.h"
#include "klamm/remote/connector.h"

#include <fmt/format.h>

#include <deque>
#include <utility>
#include <vector>

namespace klamm::live {
namespace {

using bus::Done;
using bus::Result;

constexpr Duration retry_pause{100};

kafka_bus::Options librdkafka(ClusterOptions const& options) {
    return {.bootstrap = options.bootstrap,
            .client = options.client,
            .patience = options.patience,
            .log = options.log};
}

class ClusterBus final : public bus::Bus {
public:
    ClusterBus(bus::Loop& loop, remote::Poller& poller, ClusterOptions options,
               std::vector<host::Address> bootstrap)
        : loop_(loop),
          options_(std::move(options)),
          connector_(loop, poller, std::move(bootstrap), options_.trouble),
          recognition_(loop, connector_) {}

    void probe(Done<bus::Capabilities> done) override {
        forward(std::move(done), [](Bus& bus, auto answer) { bus.probe(std::move(answer)); });
    }
    void create_topics(std::vector<bus::TopicSpec> topics, Done<void> done) override {
        forward(std::move(done), [topics = std::move(topics)](Bus& bus, auto answer) mutable {
            bus.create_topics(std::move(topics), std::move(answer));
        });
    }
    void describe_topics(std::vector<std::string> names,
                         Done<std::vector<bus::TopicDescription>> done) override {
        forward(std::move(done), [names = std::move(names)](Bus& bus, auto answer) mutable {
            bus.describe_topics(std::move(names), std::move(answer));
        });
    }
    void offset_at(bus::TopicPartition const& partition, std::int64_t timestamp_ms,
                   Done<std::int64_t> done) override {
        forward(std::move(done), [partition, timestamp_ms](Bus& bus, auto answer) {
            bus.offset_at(partition, timestamp_ms, std::move(answer));
        });
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              Done<bus::ReadResult> done) override {
        forward(std::move(done), [partition, offset, bytes_max](Bus& bus, auto answer) {
            bus.read(partition, offset, bytes_max, std::move(answer));
        });
    }
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        forward(std::move(done),
                [group, partitions = std::move(partitions)](Bus& bus, auto answer) mutable {
                    bus.committed(group, std::move(partitions), std::move(answer));
                });
    }
    void send(std::vector<bus::Outgoing> records, Done<std::vector<Position>> done) override {
        forward(std::move(done), [records = std::move(records)](Bus& bus, auto answer) mutable {
            bus.send(std::move(records), std::move(answer));
        });
    }
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override {
        ensure(real_ != nullptr);
        return real_->make_producer(std::move(options));
    }
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions options,
                                                 bus::Subscriber& subscriber) override {
        ensure(real_ != nullptr);
        return real_->make_consumer(std::move(options), subscriber);
    }

private:
    /// A question from before it was known whom to ask.
    struct Waiting {
        Instant until;
        std::move_only_function<void(Result<Bus*>)> go;
    };

    template <class T, class Ask>
    void forward(Done<T> done, Ask ask);
    void recognize(Duration pause);
    void recognized(Recognized const& found);
    void expire();
    void become(std::unique_ptr<Bus> bus);
    void become_librdkafka();
    void say(std::string const& line) const {
        if (options_.say) options_.say(line);
    }

    bus::Loop& loop_;
    ClusterOptions const options_;
    remote::Connector connector_;
    Recognition recognition_;
    bool recognizing_ = false;
    std::deque<Waiting> waiting_;
    std::unique_ptr<Bus> real_;
    std::shared_ptr<bool> const alive_ = std::make_shared<bool>(true);
};

template <class T, class Ask>
void ClusterBus::forward(Done<T> done, Ask ask) {
    if (real_) return ask(*real_, std::move(done));
    auto go = [done = std::move(done), ask = std::move(ask)](Result<Bus*> bus) mutable {
        if (bus) return ask(**bus, std::move(done));
        done(std::unexpected(std::move(bus.error())));
    };
    waiting_.push_back({loop_.now().instant + options_.patience, std::move(go)});
    if (!recognizing_) recognize(Duration{0});
}

void ClusterBus::recognize(Duration pause) {
    recognizing_ = true;
    loop_.after(pause, [this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        recognition_.ask([this](Recognized const& found) { recognized(found); });
    });
}

void ClusterBus::recognized(Recognized const& found) {
    switch (found.what) {
        case Recognized::What::silence:
            recognizing_ = false;
            return expire();
        case Recognized::What::klamm:
            return become(bus::make_embedded_bus(
                loop_, connector_, {.patience = options_.patience, .seed = options_.seed}));
        case Recognized::What::stranger:
            say(fmt::format("{} {}: it is reached by librdkafka", options_.bootstrap, found.why));
            return become_librdkafka();
    }
}

/// Who has waited long enough hears that nobody answers; for the others it is asked again.
void ClusterBus::expire() {
    auto const& trouble = connector_.last_trouble();
    bus::Error const away{bus::Error::Kind::away,
                          fmt::format("{} does not answer{}", options_.bootstrap,
                                      trouble.empty() ? "" : " (" + trouble + ")")};
    std::weak_ptr const alive = alive_;
    while (!alive.expired() && !waiting_.empty() && waiting_.front().until <= loop_.now().instant) {
        auto over = std::move(waiting_.front());
        waiting_.pop_front();
        over.go(std::unexpected(away));
    }
    if (!alive.expired() && !waiting_.empty() && !recognizing_) recognize(retry_pause);
}

void ClusterBus::become_librdkafka() {
    auto made = kafka_bus::make_kafka_bus(loop_, librdkafka(options_));
    if (made) return become(std::move(*made));
    std::weak_ptr const alive = alive_;
    for (auto& waiting : std::exchange(waiting_, {})) {
        if (alive.expired()) return;
        waiting.go(std::unexpected(bus::Error{bus::Error::Kind::refused, made.error()}));
    }
}

void ClusterBus::become(std::unique_ptr<Bus> bus) {
    real_ = std::move(bus);
    for (auto& waiting : std::exchange(waiting_, {})) waiting.go(real_.get());
}

}  // namespace

std::expected<std::unique_ptr<bus::Bus>, std::string> make_cluster_bus(bus::Loop& loop,
                                                                       remote::Poller& poller,
                                                                       ClusterOptions options) {
    // librdkafka knows more ways to write an address, too.
    auto bootstrap = remote::parse_bootstrap(options.bootstrap);
    if (!options.client.empty() || !bootstrap)
        return kafka_bus::make_kafka_bus(loop, librdkafka(options));
    return std::make_unique<ClusterBus>(loop, poller, std::move(options), std::move(*bootstrap));
}

}  // namespace klamm::live
