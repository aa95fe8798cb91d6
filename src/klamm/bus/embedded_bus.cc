#include "klamm/bus/embedded_consumer.h"
#include "klamm/bus/embedded_producer.h"
#include "klamm/bus/fetched.h"
#include "klamm/bus/questions.h"
#include "klamm/bus/sender.h"
#include "klamm/bus/topics.h"

#include <algorithm>

namespace klamm::bus {
namespace {

using kafka::ErrorCode;
using Kind = Error::Kind;

constexpr kafka::ApiVersion fetch_version = 12;

/// Again, later; but what is not there is not waited for.
bool comes_again(ErrorCode error) {
    return kafka::is_retriable(error) && error != ErrorCode::unknown_topic_or_partition;
}

std::string name(TopicPartition const& partition) {
    return fmt::format("{}/{}", partition.topic, partition.partition);
}

class State : public std::enable_shared_from_this<State> {
public:
    explicit State(std::shared_ptr<Setting> given)
        : setting(std::move(given)),
          sender(setting),
          line_(std::make_shared<Line>(setting, "klamm-bus")) {}

    void begin() {
        line_->belong_to(weak_from_this());
        sender.belong_to(weak_from_this());
    }
    void close() {
        line_->close();
        sender.close();
    }

    void probe(Done<Capabilities> done);
    void create_topics(std::vector<TopicSpec> topics, Done<void> done);
    void describe_topics(std::vector<std::string> names, Done<std::vector<TopicDescription>> done);
    void offset_at(TopicPartition const& partition, std::int64_t timestamp_ms,
                   Done<std::int64_t> done);
    void read(TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              Done<ReadResult> done);
    void committed(std::string const& group, std::vector<TopicPartition> partitions,
                   Done<std::map<TopicPartition, Committed>> done);

    std::shared_ptr<Setting> setting;
    Sender sender;

private:
    struct Reading {
        TopicPartition partition;
        std::int64_t offset = 0;
        std::int32_t bytes_max = 0;
        Instant until;
        Done<ReadResult> done;
    };

    void read(std::shared_ptr<Reading> reading);
    void read_from_first(std::shared_ptr<Reading> reading);
    Again heard(std::shared_ptr<Reading> const& reading,
                kafka::FetchResponse::PartitionData const& fetched);
    template <class Heard>
    void list_offset(TopicPartition const& partition, std::int64_t timestamp, Instant until,
                     Heard heard);

    std::shared_ptr<Line> line_;
};

// ---- the cluster -------------------------------------------------------------------------------

/// What keeps this bus from working with the broker; empty: nothing does.
std::string lacks(kafka::ApiVersionsResponse const& answer) {
    struct Needed {
        kafka::Api api;
        kafka::ApiVersion version;
        std::string_view what;
    };
    static constexpr Needed all_needed[] = {
        {kafka::ProduceRequest::api, 12, "transactions of KIP-890 (Produce 12)"},
        {kafka::TxnOffsetCommitRequest::api, 5, "transactions of KIP-890 (TxnOffsetCommit 5)"},
        {kafka::EndTxnRequest::api, 5, "transactions of KIP-890 (EndTxn 5)"},
        {kafka::OffsetFetchRequest::api, 9, "offsets of KIP-848 (OffsetFetch 9)"},
        {kafka::ConsumerGroupHeartbeatRequest::api, 1,
         "groups of KIP-848 (ConsumerGroupHeartbeat 1)"},
    };
    for (auto const& needed : all_needed) {
        bool const there = std::ranges::any_of(answer.api_keys, [&](auto const& api) {
            return api.api_key == needed.api.key && api.max_version >= needed.version;
        });
        if (!there) return fmt::format("The broker lacks {}; update it.", needed.what);
    }
    return {};
}

void State::probe(Done<Capabilities> done) {
    struct Probing {
        Capabilities found;
        Done<Capabilities> done;
    };
    auto const probing = std::make_shared<Probing>(Probing{{}, std::move(done)});
    auto const give_up = [probing](Error error, bool) {
        probing->done(std::unexpected(std::move(error)));
    };
    auto const until = line_->patience();
    line_->insist<kafka::ApiVersionsRequest>(
        {.what = "to ask what the broker can do",
         .until = until,
         .make =
             [] {
                 kafka::ApiVersionsRequest request;
                 request.client_software_name = "libklamm";
                 request.client_software_version = "1";
                 return request;
             },
         .hear =
             [probing](kafka::ApiVersionsResponse& answer, bool) {
                 auto& found = probing->found;
                 found.lacks = lacks(answer);
                 found.description = "Klamm";
                 if (!found.lacks.empty()) return settled;
                 found.transaction_version = 2;
                 found.transactions = found.stable_offsets = found.consumer_protocol = true;
                 return settled;
             },
         .give_up = [](Error const&, bool) {},  // the next one says so, too
         .version = 3});
    line_->insist<kafka::MetadataRequest>({.what = "to ask for the cluster",
                                           .until = until,
                                           .make = [] { return metadata_request({}); },
                                           .hear =
                                               [probing](kafka::MetadataResponse& answer, bool) {
                                                   if (probing->found.description.empty())
                                                       return ErrorCode::broker_not_available;
                                                   probing->found.cluster_id =
                                                       answer.cluster_id.value_or("");
                                                   probing->done(std::move(probing->found));
                                                   return settled;
                                               },
                                           .give_up = give_up});
}

void State::create_topics(std::vector<TopicSpec> topics, Done<void> done) {
    auto const ends = std::make_shared<Done<void>>(std::move(done));
    for (auto const& topic : topics) setting->topics.forget(topic.name);
    line_->insist<kafka::CreateTopicsRequest>(
        {.what = "to create topics",
         .until = line_->patience(),
         .make =
             [topics = std::move(topics)] {
                 kafka::CreateTopicsRequest request;
                 for (auto const& topic : topics) {
                     auto& out = request.topics.emplace_back();
                     out.name = topic.name;
                     out.num_partitions = topic.partitions;
                     out.replication_factor = topic.replication;
                     for (auto const& [key, value] : topic.configs)
                         out.configs.push_back({key, value});
                 }
                 return request;
             },
         .hear =
             [ends](kafka::CreateTopicsResponse& answer, bool) {
                 auto again = ErrorCode::none;
                 for (auto const& topic : answer.topics) {
                     auto const error = topic.error_code;
                     if (error == ErrorCode::none || error == ErrorCode::topic_already_exists)
                         continue;
                     if (kafka::is_retriable(error)) {
                         again = error;
                         continue;
                     }
                     (*ends)(std::unexpected(refused("to create topic '" + topic.name + "'", error,
                                                     topic.error_message)));
                     return settled;
                 }
                 if (again != ErrorCode::none) return again;
                 (*ends)({});
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::unexpected(std::move(error))); }});
}

void State::describe_topics(std::vector<std::string> names,
                            Done<std::vector<TopicDescription>> done) {
    using Described = Done<std::vector<TopicDescription>>;
    auto const ends = std::make_shared<Described>(std::move(done));
    auto const until = line_->patience();
    line_->insist<kafka::MetadataRequest>(
        {.what = "to ask for topics",
         .until = until,
         .make = [names] { return metadata_request(names); },
         .hear =
             [this, names, ends](kafka::MetadataResponse& answer, bool) {
                 setting->topics.hear(answer, line_->now());
                 std::map<std::string, std::int32_t> partitions;
                 for (auto const& topic : answer.topics) {
                     if (topic.error_code != ErrorCode::none) {
                         if (comes_again(topic.error_code)) return topic.error_code;
                         continue;
                     }
                     partitions[topic.name.value_or("")] = std::int32_t(topic.partitions.size());
                 }
                 std::vector<TopicDescription> described;
                 for (auto const& topic : names) described.push_back({topic, partitions[topic]});
                 (*ends)(std::move(described));
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::unexpected(std::move(error))); }});
}

// ---- offsets -----------------------------------------------------------------------------------

/// `heard` gets a Result<std::int64_t>; -1: there is no such record.
template <class Heard>
void State::list_offset(TopicPartition const& partition, std::int64_t timestamp, Instant until,
                        Heard heard) {
    auto const ends = std::make_shared<Heard>(std::move(heard));
    line_->insist<kafka::ListOffsetsRequest>(
        {.what = "to ask for an offset of " + name(partition),
         .until = until,
         .make = [partition, timestamp] { return list_request(partition, timestamp); },
         .hear =
             [partition, ends](kafka::ListOffsetsResponse& answer, bool) {
                 auto const& part = answer.topics.at(0).partitions.at(0);
                 if (comes_again(part.error_code)) return part.error_code;
                 if (part.error_code == ErrorCode::none)
                     (*ends)(Result<std::int64_t>{part.offset});
                 else
                     (*ends)(Result<std::int64_t>{std::unexpected(
                         refused("offsets of " + name(partition), part.error_code))});
                 return settled;
             },
         .give_up = [ends](
                        Error error,
                        bool) { (*ends)(Result<std::int64_t>{std::unexpected(std::move(error))}); },
         .version = list_offsets_version});
}

void State::offset_at(TopicPartition const& partition, std::int64_t timestamp_ms,
                      Done<std::int64_t> done) {
    auto const until = line_->patience();
    list_offset(partition, timestamp_ms, until,
                [this, partition, until, done = std::move(done)](Result<std::int64_t> at) mutable {
                    if (!at || *at >= 0) return done(std::move(at));
                    list_offset(partition, latest, until, std::move(done));
                });
}

void State::committed(std::string const& group, std::vector<TopicPartition> partitions,
                      Done<std::map<TopicPartition, Committed>> done) {
    using Found = Done<std::map<TopicPartition, Committed>>;
    auto const ends = std::make_shared<Found>(std::move(done));
    std::ranges::sort(partitions);
    line_->insist<kafka::OffsetFetchRequest>(
        {.what = "to ask what group '" + group + "' has committed",
         .until = line_->patience(),
         .make = [group, partitions] { return offsets_request(group, "", -1, partitions); },
         .hear =
             [group, ends](kafka::OffsetFetchResponse& answer, bool) {
                 auto const& found = answer.groups.at(0);
                 auto error = found.error_code;
                 std::map<TopicPartition, Committed> all;
                 for (auto const& topic : found.topics)
                     for (auto const& part : topic.partitions) {
                         if (part.error_code != ErrorCode::none) error = part.error_code;
                         all[{topic.name, part.partition_index}] = {part.committed_offset,
                                                                    part.metadata.value_or("")};
                     }
                 if (comes_again(error)) return error;
                 if (error == ErrorCode::none)
                     (*ends)(std::move(all));
                 else
                     (*ends)(std::unexpected(refused("offsets of group '" + group + "'", error)));
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::unexpected(std::move(error))); },
         .version = offset_fetch_version});
}

// ---- reading -----------------------------------------------------------------------------------

void State::read(TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
                 Done<ReadResult> done) {
    auto reading = std::make_shared<Reading>(
        Reading{partition, offset, std::max(bytes_max, 1), line_->patience(), std::move(done)});
    if (offset >= 0) return read(std::move(reading));
    list_offset(partition, offset, reading->until,
                [this, reading](Result<std::int64_t> at) mutable {
                    if (!at) return reading->done(std::unexpected(std::move(at.error())));
                    reading->offset = *at;
                    read(std::move(reading));
                });
}

void State::read(std::shared_ptr<Reading> reading) {
    line_->insist<kafka::FetchRequest>(
        {.what = "to read " + name(reading->partition),
         .until = reading->until,
         .make =
             [reading] {
                 kafka::FetchRequest request;
                 request.max_bytes = reading->bytes_max;
                 request.isolation_level = read_committed;
                 auto& topic = request.topics.emplace_back();
                 topic.topic = reading->partition.topic;
                 auto& partition = topic.partitions.emplace_back();
                 partition.partition = reading->partition.partition;
                 partition.fetch_offset = reading->offset;
                 partition.partition_max_bytes = reading->bytes_max;
                 return request;
             },
         .hear =
             [this, reading](kafka::FetchResponse& answer, bool) {
                 if (answer.error_code != ErrorCode::none) return answer.error_code;
                 return heard(reading, answer.responses.at(0).partitions.at(0));
             },
         .give_up = [reading](Error error,
                              bool) { reading->done(std::unexpected(std::move(error))); },
         .version = fetch_version});
}

Again State::heard(std::shared_ptr<Reading> const& reading,
                   kafka::FetchResponse::PartitionData const& fetched) {
    auto const what = "to read " + name(reading->partition);
    if (fetched.error_code == ErrorCode::offset_out_of_range) {
        read_from_first(reading);
        return settled;
    }
    if (comes_again(fetched.error_code)) return fetched.error_code;
    if (fetched.error_code != ErrorCode::none) {
        reading->done(std::unexpected(refused(what, fetched.error_code)));
        return settled;
    }
    ReadResult result;
    auto const next = read_fetched(fetched, reading->partition, reading->offset, result.records);
    if (!next) {
        reading->done(std::unexpected(Error{
            Kind::refused, fmt::format("{} at {}: {}", what, reading->offset, next.error())}));
        return settled;
    }
    result.next = *next;
    result.end = fetched.last_stable_offset;
    bool const came_on = *next > reading->offset;
    if (result.records.empty() && came_on && result.next < result.end) {
        reading->offset = *next;  // only what readers do not see
        read(reading);
    } else {
        reading->done(std::move(result));
    }
    return settled;
}

/// What was asked for is gone; or it never was.
void State::read_from_first(std::shared_ptr<Reading> reading) {
    list_offset(
        reading->partition, earliest, reading->until,
        [this, reading](Result<std::int64_t> first) mutable {
            if (!first) return reading->done(std::unexpected(std::move(first.error())));
            if (reading->offset >= *first)
                return reading->done(std::unexpected(
                    Error{Kind::refused, fmt::format("{} has no offset {} yet",
                                                     name(reading->partition), reading->offset)}));
            reading->offset = *first;
            read(std::move(reading));
        });
}

// ---- the bus -----------------------------------------------------------------------------------

class EmbeddedBus final : public Bus {
public:
    explicit EmbeddedBus(std::shared_ptr<Setting> setting)
        : state_(std::make_shared<State>(std::move(setting))) {
        state_->begin();
    }
    ~EmbeddedBus() override { state_->close(); }

    void probe(Done<Capabilities> done) override { state_->probe(std::move(done)); }
    void create_topics(std::vector<TopicSpec> topics, Done<void> done) override {
        state_->create_topics(std::move(topics), std::move(done));
    }
    void describe_topics(std::vector<std::string> names,
                         Done<std::vector<TopicDescription>> done) override {
        state_->describe_topics(std::move(names), std::move(done));
    }
    void offset_at(TopicPartition const& partition, std::int64_t timestamp_ms,
                   Done<std::int64_t> done) override {
        state_->offset_at(partition, timestamp_ms, std::move(done));
    }
    void read(TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              Done<ReadResult> done) override {
        state_->read(partition, offset, bytes_max, std::move(done));
    }
    void committed(std::string const& group, std::vector<TopicPartition> partitions,
                   Done<std::map<TopicPartition, Committed>> done) override {
        state_->committed(group, std::move(partitions), std::move(done));
    }
    void send(std::vector<Outgoing> records, Done<std::vector<Position>> done) override {
        state_->sender.send(std::move(records), std::move(done));
    }
    std::unique_ptr<Producer> make_producer(ProducerOptions options) override {
        return make_embedded_producer(state_->setting, std::move(options));
    }
    std::unique_ptr<Consumer> make_consumer(ConsumerOptions options,
                                            Subscriber& subscriber) override {
        return make_embedded_consumer(state_->setting, std::move(options), subscriber);
    }

private:
    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Bus> make_embedded_bus(Loop& loop, Connector& connector, EmbeddedOptions options) {
    return std::make_unique<EmbeddedBus>(
        std::make_shared<Setting>(Setting{loop, connector, options, Random{options.seed}}));
}

}  // namespace klamm::bus
