#include "klamm/kafka_bus/cluster.h"

#include "klamm/kafka_bus/api_versions.h"

#include <algorithm>
#include <array>
#include <thread>
#include <variant>

namespace klamm::kafka_bus {
namespace {

constexpr std::size_t error_text_bytes_max = 512;
constexpr auto pause_between_tries = std::chrono::milliseconds(100);
/// Of one try; there may be others within the patience of the operation.
constexpr Duration try_timeout{5'000};
constexpr Duration committed_slice{1'000};
/// How long a broker may not know yet of a topic that another one has made.
constexpr Duration propagation{1'000};
/// Groups that are asked for, besides those that were asked for longest ago.
constexpr std::size_t groups_max = 16;

using AdminOptions = Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using NewTopic = Handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;

AdminOptions admin_options(rd_kafka_t* rk, rd_kafka_admin_op_t operation,
                           Deadline const& deadline) {
    AdminOptions options(rd_kafka_AdminOptions_new(rk, operation));
    std::array<char, error_text_bytes_max> text{};
    rd_kafka_AdminOptions_set_request_timeout(
        options.get(), std::max(1, deadline.left_ms(try_timeout)), text.data(), text.size());
    return options;
}

/// An answer to be had later, of one try.
struct Again {
    rd_kafka_resp_err_t error;
};
template <class T>
using Try = std::expected<T, std::variant<Again, bus::Error>>;

using Failure = std::variant<Again, bus::Error>;
std::unexpected<Failure> failed(rd_kafka_resp_err_t error, std::string const& what,
                                std::string_view detail = {}) {
    if (kind_of(error) == bus::Error::Kind::away) return std::unexpected<Failure>(Again{error});
    return std::unexpected<Failure>(error_of(error, what, detail));
}
std::unexpected<Failure> later(rd_kafka_resp_err_t error) {
    return std::unexpected<Failure>(Again{error});
}

}  // namespace

template <class T, class Ask>
bus::Result<T> Cluster::until_answered(std::string const& what, Duration patience, Ask ask) {
    Deadline const deadline(patience);
    for (;;) {
        Try<T> answer = ask(deadline);
        if (answer) return std::move(*answer);
        if (auto const* const error = std::get_if<bus::Error>(&answer.error()))
            return std::unexpected(*error);
        if (stopping_ || deadline.passed())
            return std::unexpected(away(what, std::get<Again>(answer.error()).error));
        std::this_thread::sleep_for(pause_between_tries);
    }
}

bus::Error Cluster::away(std::string const& what, rd_kafka_resp_err_t error) const {
    auto why = what + ": " + options_.bootstrap + " does not answer: " + words(error);
    if (auto const trouble = client_->last_trouble(); !trouble.empty()) why += " (" + trouble + ")";
    return {bus::Error::Kind::away, std::move(why)};
}

Event Cluster::await(rd_kafka_queue_t* queue, Deadline const& deadline) const {
    Event event;
    while (!event && !stopping_) {
        event.reset(rd_kafka_queue_poll(queue, deadline.left_ms()));
        if (!event && deadline.passed()) break;
    }
    return event;
}

bus::Result<bus::Capabilities> Cluster::probe() {
    // librdkafka does not say which versions a broker has, but in its log.
    auto const seen = std::make_shared<ApiVersions>();
    auto client = Client::make(RD_KAFKA_CONSUMER, options_, log_, {},
                               {{"debug", "feature"}, {"client.id", "klamm-probe"}},
                               {.debug = [seen](std::string_view line) { seen->read(line); }});
    if (!client) return std::unexpected(bus::Error{bus::Error::Kind::refused, client.error()});
    auto* const rk = (*client)->rk();
    return until_answered<bus::Capabilities>(
        "asking what the cluster can do", options_.patience,
        [&](Deadline const& deadline) -> Try<bus::Capabilities> {
            rd_kafka_metadata_t const* answer = nullptr;
            auto const error =
                rd_kafka_metadata(rk, 0, nullptr, &answer, std::max(1, deadline.left_ms()));
            rd_kafka_poll(rk, 0);
            if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return later(error);
            Metadata const metadata(answer);
            if (metadata->broker_cnt == 0) return later(RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE);
            auto capabilities = seen->capabilities();
            if (char* const id = rd_kafka_clusterid(rk, std::max(1, deadline.left_ms()))) {
                capabilities.cluster_id = id;
                rd_kafka_mem_free(rk, id);
            }
            capabilities.description = "a Kafka cluster of " +
                                       std::to_string(metadata->broker_cnt) +
                                       (metadata->broker_cnt == 1 ? " broker" : " brokers");
            return capabilities;
        });
}

bus::Result<void> Cluster::create_topics(std::vector<bus::TopicSpec> const& topics) {
    if (topics.empty()) return {};
    std::string const what = "making topics";
    struct Made {};
    auto const made =
        until_answered<Made>(what, options_.patience, [&](Deadline const& deadline) -> Try<Made> {
            std::vector<NewTopic> owned;
            std::vector<rd_kafka_NewTopic_t*> wanted;
            std::array<char, error_text_bytes_max> text{};
            for (auto const& topic : topics) {
                NewTopic made_topic(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions,
                                                          topic.replication, text.data(),
                                                          text.size()));
                if (!made_topic)
                    return failed(RD_KAFKA_RESP_ERR__INVALID_ARG, "topic '" + topic.name + "'",
                                  text.data());
                for (auto const& [name, value] : topic.configs)
                    rd_kafka_NewTopic_set_config(made_topic.get(), name.c_str(), value.c_str());
                wanted.push_back(made_topic.get());
                owned.push_back(std::move(made_topic));
            }
            Queue const queue(rd_kafka_queue_new(client_->rk()));
            auto const options =
                admin_options(client_->rk(), RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
            rd_kafka_CreateTopics(client_->rk(), wanted.data(), wanted.size(), options.get(),
                                  queue.get());
            auto const event = await(queue.get(), deadline);
            if (!event) return later(RD_KAFKA_RESP_ERR__TIMED_OUT);
            if (auto const error = rd_kafka_event_error(event.get()))
                return failed(error, what, rd_kafka_event_error_string(event.get()));
            std::size_t count = 0;
            auto const* const results = rd_kafka_CreateTopics_result_topics(
                rd_kafka_event_CreateTopics_result(event.get()), &count);
            for (std::size_t i = 0; i < count; ++i) {
                auto const error = rd_kafka_topic_result_error(results[i]);
                if (error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                    error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
                    continue;
                auto const* const detail = rd_kafka_topic_result_error_string(results[i]);
                return failed(error,
                              "topic '" + std::string(rd_kafka_topic_result_name(results[i])) + "'",
                              detail != nullptr ? detail : "");
            }
            return Made{};
        });
    if (!made) return std::unexpected(made.error());
    // Until every broker knows of them, producing to them and subscribing would stumble.
    auto const settled =
        until_answered<Made>(what, options_.patience, [&](Deadline const& deadline) -> Try<Made> {
            for (auto const& topic : topics) {
                auto const found = describe(topic.name, deadline);
                if (!found) return failed(found.error(), "topic '" + topic.name + "'");
                if (found->topic.partitions == 0 || !found->settled)
                    return later(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
            }
            return Made{};
        });
    if (!settled) return std::unexpected(settled.error());
    return {};
}

std::expected<Cluster::Described, rd_kafka_resp_err_t> Cluster::describe(std::string const& name,
                                                                         Deadline const& deadline) {
    Topic const topic(rd_kafka_topic_new(client_->rk(), name.c_str(), nullptr));
    if (!topic) return std::unexpected(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
    rd_kafka_metadata_t const* answer = nullptr;
    auto const error = rd_kafka_metadata(client_->rk(), 0, topic.get(), &answer,
                                         std::max(1, deadline.left_ms(Duration{1'000})));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error);
    Metadata const metadata(answer);
    Described described{{name, 0}};
    for (int i = 0; i < metadata->topic_cnt; ++i) {
        auto const& found = metadata->topics[i];
        if (found.topic != name) continue;
        if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) break;
        if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(found.err);
        described.topic.partitions = found.partition_cnt;
        for (int p = 0; p < found.partition_cnt; ++p)
            if (found.partitions[p].leader < 0) described.settled = false;
    }
    return described;
}

bus::Result<std::vector<bus::TopicDescription>> Cluster::describe_topics(
    std::vector<std::string> const& names) {
    return until_answered<std::vector<bus::TopicDescription>>(
        "asking for topics", options_.patience,
        [&](Deadline const& deadline) -> Try<std::vector<bus::TopicDescription>> {
            std::vector<bus::TopicDescription> all;
            Deadline const all_know(propagation);
            for (auto const& name : names) {
                auto found = describe(name, deadline);
                while (found && found->topic.partitions == 0 && !all_know.passed() && !stopping_) {
                    std::this_thread::sleep_for(pause_between_tries);
                    found = describe(name, deadline);
                }
                if (!found) return failed(found.error(), "topic '" + name + "'");
                all.push_back(found->topic);
            }
            return all;
        });
}

bus::Result<std::int64_t> Cluster::offset_at(bus::TopicPartition const& partition,
                                             std::int64_t timestamp_ms) {
    auto const what =
        "asking for a place in " + partition.topic + "/" + std::to_string(partition.partition);
    auto const ask = [&](std::int64_t at) {
        return until_answered<std::int64_t>(
            what, options_.patience, [&](Deadline const& deadline) -> Try<std::int64_t> {
                auto const list = list_of({partition});
                list->elems[0].offset = at;
                auto const error = rd_kafka_offsets_for_times(
                    client_->rk(), list.get(), std::max(1, deadline.left_ms(Duration{1'000})));
                if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(error, what);
                if (list->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
                    return failed(list->elems[0].err, what);
                return list->elems[0].offset;
            });
    };
    auto found = ask(timestamp_ms);
    if (found && *found < 0) found = ask(bus::latest);
    return found;
}

bus::Result<std::map<bus::TopicPartition, bus::Committed>> Cluster::committed(
    std::string const& group, std::vector<bus::TopicPartition> const& partitions,
    Duration patience) {
    using Found = std::map<bus::TopicPartition, bus::Committed>;
    if (partitions.empty()) return Found{};
    auto const what = "asking what group '" + group + "' has committed";
    auto const client = client_of(group);
    if (!client) return std::unexpected(bus::Error{bus::Error::Kind::refused, client.error()});
    return until_answered<Found>(what, patience, [&](Deadline const& deadline) -> Try<Found> {
        auto const list = list_of(partitions);
        auto const error = rd_kafka_committed((*client)->rk(), list.get(),
                                              std::max(1, deadline.left_ms(committed_slice)));
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(error, what);
        Found found;
        for (int p = 0; p < list->cnt; ++p) {
            auto const& one = list->elems[p];
            if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(one.err, what);
            auto& committed = found[{one.topic, one.partition}];
            if (one.offset < 0) continue;
            committed.offset = one.offset;
            committed.metadata.assign(static_cast<char const*>(one.metadata), one.metadata_size);
        }
        return found;
    });
}

/// ListConsumerGroupOffsets would need no client for each group, but librdkafka 2.0.2 stops the
/// process if the coordinator goes away meanwhile.
std::expected<std::shared_ptr<Client>, std::string> Cluster::client_of(std::string const& group) {
    std::lock_guard const lock(mutex_);
    auto const [found, first] = groups_.try_emplace(group);
    found->second.used = Clock::now();
    if (!first) return found->second.client;
    auto made = Client::make(RD_KAFKA_CONSUMER, options_, log_, {},
                             {{"client.id", "klamm-offsets"},
                              {"group.id", group},
                              {"isolation.level", "read_committed"},  // only what is stable
                              {"enable.auto.commit", "false"}},
                             {});
    if (!made) {
        groups_.erase(found);
        return made;
    }
    found->second.client = *made;
    if (groups_.size() > groups_max)
        groups_.erase(
            std::ranges::min_element(groups_, {}, [](auto const& one) { return one.second.used; }));
    return made;
}

}  // namespace klamm::kafka_bus
