#include "klamm/kafka_bus/consumer.h"

#include <algorithm>

namespace klamm::kafka_bus {
namespace {

constexpr Duration watch_every{3'000};
constexpr Duration watch_patience{5'000};
constexpr Duration ask_again_after{200};

/// As librdkafka writes it down for its own use.
std::string written(rd_kafka_consumer_group_metadata_t const* metadata) {
    void* bytes = nullptr;
    std::size_t size = 0;
    ErrorPtr const error(rd_kafka_consumer_group_metadata_write(metadata, &bytes, &size));
    if (error) return {};
    std::string text(static_cast<char const*>(bytes), size);
    rd_kafka_mem_free(nullptr, bytes);
    return text;
}

}  // namespace

KafkaConsumer::KafkaConsumer(bus::Loop& loop, Threads& threads, Options options,
                             bus::ConsumerOptions consumer, bus::Subscriber& subscriber,
                             std::shared_ptr<Log> log, std::shared_ptr<Cluster> cluster, Ask ask)
    : loop_(loop),
      consumer_(std::move(consumer)),
      subscriber_(subscriber),
      cluster_(std::move(cluster)),
      ask_(std::move(ask)),
      calls_(loop) {
    auto const tell = [this, way = calls_.way()](auto what) {
        return [this, way, what](auto... with) {
            way([this, what, ... with = std::move(with)]() mutable {
                (this->*what)(std::move(with)...);
            });
        };
    };
    member_ = std::make_shared<Member>(std::move(options), consumer_, std::move(log),
                                       MemberEvents{.assigned = tell(&KafkaConsumer::assigned),
                                                    .revoked = tell(&KafkaConsumer::revoked),
                                                    .lost = tell(&KafkaConsumer::lost),
                                                    .arrived = tell(&KafkaConsumer::arrived),
                                                    .skipped = tell(&KafkaConsumer::skipped),
                                                    .trouble = tell(&KafkaConsumer::is_away)});
    if (auto const wrong = member_->make()) {
        left_ = true;
        calls_.way()([this, why = *wrong] { is_away(why); });
        return;
    }
    threads.start([member = member_] { member->run(); });
    calls_.after(watch_every, [this] { watch(); });
}

KafkaConsumer::~KafkaConsumer() { member_->stop(); }

void KafkaConsumer::resume(bus::TopicPartition const& partition, std::int64_t offset) {
    auto const found = owned_.find(partition);
    if (found == owned_.end() || !found->second.told) return;
    found->second.running = true;
    found->second.round = ++rounds_;
    member_->resume({partition, rounds_}, offset);
}

void KafkaConsumer::pause(bus::TopicPartition const& partition) {
    auto const found = owned_.find(partition);
    if (found == owned_.end() || !found->second.running) return;
    found->second.running = false;
    found->second.round = ++rounds_;
    member_->pause({partition, rounds_});
}

void KafkaConsumer::leave(bus::Done<void> done) {
    auto const answer = calls_.open<void>(std::move(done));
    if (std::exchange(left_, true)) return answer({});
    owned_.clear();
    member_->leave(answer);
}

bus::Result<GroupMetadata> KafkaConsumer::metadata_to_commit(
    std::map<bus::TopicPartition, bus::Committed> const& offsets) const {
    auto const refuse = [&](std::string why) {
        return std::unexpected(bus::Error{bus::Error::Kind::aborted,
                                          "group '" + consumer_.group + "': " + std::move(why)});
    };
    if (left_) return refuse("it was left");
    for (auto const& [partition, committed] : offsets) {
        auto const found = owned_.find(partition);
        if (found == owned_.end() || !found->second.told)
            return refuse(partition.topic + "/" + std::to_string(partition.partition) +
                          " is not ours any more");
    }
    auto metadata = member_->metadata();
    // Brokers take offsets from anybody who claims to be no member at all.
    GroupMetadata const nobody(rd_kafka_consumer_group_metadata_new(consumer_.group.c_str()));
    if (!metadata || written(metadata.get()) == written(nobody.get()))
        return refuse("the membership was lost");
    return metadata;
}

void KafkaConsumer::assigned(std::vector<bus::TopicPartition> partitions) {
    if (left_) return;
    for (auto const& partition : partitions) owned_[partition] = {.round = ++rounds_};
    fetch_committed(std::move(partitions));
}

/// Asks until it is known, or until they are not ours any more.
void KafkaConsumer::fetch_committed(std::vector<bus::TopicPartition> partitions) {
    std::vector<Round> asked;
    for (auto const& partition : partitions) asked.push_back({partition, owned_[partition].round});
    ask_([this, cluster = cluster_, group = consumer_.group, partitions = std::move(partitions),
          asked = std::move(asked), way = calls_.way()]() mutable {
        auto found = cluster->committed(group, partitions, watch_patience);
        way([this, asked = std::move(asked), found = std::move(found)] {
            std::vector<bus::TopicPartition> still;
            for (auto const& [partition, round] : asked) {
                auto const owned = owned_.find(partition);
                if (owned != owned_.end() && owned->second.round == round &&
                    !owned->second.releasing)
                    still.push_back(partition);
            }
            if (still.empty()) return;
            auto const alive = calls_.alive();
            if (!found) {
                is_away(found.error().why);
                if (!*alive) return;
                return calls_.after(ask_again_after, [this, still]() mutable {
                    std::erase_if(still, [&](auto const& one) { return !owned_.contains(one); });
                    if (!still.empty()) fetch_committed(std::move(still));
                });
            }
            std::map<bus::TopicPartition, bus::Committed> told;
            for (auto const& partition : still) {
                owned_[partition].told = true;
                told[partition] = found->at(partition);
            }
            is_back();
            if (*alive) subscriber_.assigned(told);
        });
    });
}

void KafkaConsumer::revoked(std::vector<bus::TopicPartition> const& partitions) {
    if (left_) return;
    std::vector<bus::TopicPartition> told;
    for (auto const& partition : partitions) {
        auto& owned = owned_[partition];
        if (owned.told) told.push_back(partition);
        owned.releasing = true;
        owned.running = false;
        owned.round = ++rounds_;
    }
    auto released = [this, partitions] {
        for (auto const& partition : partitions) owned_.erase(partition);
        member_->release(partitions);
    };
    if (told.empty()) return released();
    subscriber_.revoked(told, [released, way = calls_.way()] { way(released); });
}

void KafkaConsumer::lost(std::vector<bus::TopicPartition> const& partitions) {
    if (left_) return;
    std::vector<bus::TopicPartition> told;
    for (auto const& partition : partitions) {
        auto const owned = owned_.extract(partition);
        if (!owned.empty() && owned.mapped().told) told.push_back(partition);
    }
    auto const member = member_;
    if (!told.empty()) subscriber_.lost(told);
    member->release(partitions);
}

void KafkaConsumer::arrived(Arrived arrived) {
    member_->taken();
    auto& [records, rounds] = arrived;
    bus::TopicPartition last{{}, -1};
    std::uint64_t round = 0;  // of `last`; none has the number 0
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (last != records[i].partition) {
            last = records[i].partition;
            auto const found = owned_.find(last);
            round = found != owned_.end() && found->second.running ? found->second.round : 0;
        }
        if (round != rounds[i]) continue;
        if (wanted < i) records[wanted] = std::move(records[i]);
        ++wanted;
    }
    records.resize(wanted);
    if (records.empty()) return;
    auto const alive = calls_.alive();
    is_back();
    if (*alive) subscriber_.records(std::move(records));
}

void KafkaConsumer::skipped(Round const& round, std::int64_t from, std::int64_t to) {
    auto const found = owned_.find(round.partition);
    if (found == owned_.end() || found->second.round != round.number) return;
    subscriber_.skipped(round.partition, from, to);
}

/// Asks the group's coordinator for something now and then, so that it is noticed when it is gone.
void KafkaConsumer::watch() {
    if (left_ || consumer_.topics.empty()) return;
    ask_([this, cluster = cluster_, group = consumer_.group, topic = consumer_.topics.front(),
          way = calls_.way()] {
        auto const found = cluster->committed(group, {{topic, 0}}, watch_patience);
        way([this, why = found ? std::string() : found.error().why] {
            auto const alive = calls_.alive();
            if (why.empty())
                is_back();
            else
                is_away(why);
            if (*alive) calls_.after(watch_every, [this] { watch(); });
        });
    });
}

void KafkaConsumer::is_away(std::string const& why) {
    if (!std::exchange(away_, true)) subscriber_.away(why);
}

void KafkaConsumer::is_back() {
    if (std::exchange(away_, false)) subscriber_.back();
}

}  // namespace klamm::kafka_bus
