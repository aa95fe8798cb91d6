// The APIs that only tell: the cluster, pages of partitions, sizes on disk, producers, what has
// configs.
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"

#include <algorithm>
#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- DescribeTopicPartitions ----------------------------------------------------------------

using PageTopic = kafka::DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;

/// Puts partitions from `first` on into `out`, at most `room` of them; how many that were.
std::int32_t describe_page(Step& step, Topic const& topic, std::int32_t first, std::int32_t room,
                           PageTopic& out) {
    auto const node = step.options().node_id;
    auto const end = std::min(std::int64_t(topic.partitions.size()), std::int64_t{first} + room);
    for (auto n = first; n < end; ++n) {
        auto& p = out.partitions.emplace_back();
        p.partition_index = n;
        p.leader_id = node;
        p.leader_epoch = leader_epoch;
        p.replica_nodes = {node};
        p.isr_nodes = {node};
        p.eligible_leader_replicas.emplace();
        p.last_known_elr.emplace();
    }
    return std::int32_t(out.partitions.size());
}

}  // namespace

kafka::ErrorCode check_leader_epoch(std::int32_t claimed) {
    return claimed > leader_epoch ? ErrorCode::unknown_leader_epoch : ErrorCode::none;
}

void handle(Step& step, Request const& request,
            kafka::DescribeClusterRequest const& describe_cluster) {
    constexpr std::int8_t brokers = 1;
    kafka::DescribeClusterResponse response;
    response.endpoint_type = describe_cluster.endpoint_type;
    if (describe_cluster.endpoint_type != brokers) {
        response.error_code = ErrorCode::mismatched_endpoint_type;
        response.error_message = "This is a broker; there are no separate controllers.";
        return answer(step, request, std::move(response));
    }
    auto const& options = step.options();
    response.cluster_id = step.state().cluster_id;
    response.controller_id = options.node_id;
    response.brokers.push_back({.broker_id = options.node_id,
                                .host = options.advertised_host,
                                .port = options.advertised_port,
                                .rack = std::nullopt,
                                .is_fenced = false});
    if (describe_cluster.include_cluster_authorized_operations)
        response.cluster_authorized_operations = cluster_operations;
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::DescribeTopicPartitionsRequest const& describe_partitions) {
    constexpr std::int32_t partitions_per_page_max = 2000;
    auto const& state = step.state();
    auto const& cursor = describe_partitions.cursor;
    kafka::DescribeTopicPartitionsResponse response;
    std::set<std::string> names;
    for (auto const& [name] : describe_partitions.topics) names.insert(name);
    if (describe_partitions.topics.empty()) {
        auto at = cursor ? state.topics.lower_bound(cursor->topic_name) : state.topics.begin();
        for (; at != state.topics.end() && names.size() <= partitions_per_page_max; ++at)
            names.insert(names.end(), at->first);  // each has at least one partition
    }
    auto room =
        std::clamp(describe_partitions.response_partition_limit, 1, partitions_per_page_max);
    auto at = cursor ? names.lower_bound(cursor->topic_name) : names.begin();
    for (; at != names.end(); ++at) {
        bool const goes_on = cursor && cursor->topic_name == *at;
        auto const first = goes_on ? std::max(cursor->partition_index, 0) : 0;
        if (room == 0) {
            response.next_cursor = {.topic_name = *at, .partition_index = first};
            break;
        }
        auto& out = response.topics.emplace_back();
        out.name = *at;
        auto const* topic = state.topic(*at);
        if (topic == nullptr) {
            out.error_code = why_no_topic(*at, step.options());
            continue;
        }
        out.topic_id = topic->id;
        out.is_internal = is_internal(*at);
        out.topic_authorized_operations = topic_operations;
        auto const described = describe_page(step, *topic, first, room, out);
        room -= described;
        if (std::size_t(first) + std::size_t(described) < topic->partitions.size()) {
            response.next_cursor = {.topic_name = *at, .partition_index = first + described};
            break;
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::DescribeLogDirsRequest const& describe_log_dirs) {
    kafka::DescribeLogDirsResponse response;
    auto& dir = response.results.emplace_back();
    dir.log_dir = log_dir;
    auto const add = [](auto& out, Partition const& partition) {
        auto& p = out.partitions.emplace_back();
        p.partition_index = partition.number;
        p.partition_size = std::int64_t(partition.batches.bytes());
    };
    if (!describe_log_dirs.topics) {
        for (auto const& [name, topic] : step.state().topics) {
            auto& out = dir.topics.emplace_back();
            out.name = name;
            for (auto const& partition : topic.partitions) add(out, *partition);
        }
    } else {
        for (auto const& [name, numbers] : *describe_log_dirs.topics) {
            auto const* topic = step.state().topic(name);
            if (topic == nullptr) continue;
            auto& out = dir.topics.emplace_back();
            out.name = name;
            for (auto const number : numbers) {
                if (auto const* partition = topic->partition(number)) add(out, *partition);
            }
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::DescribeProducersRequest const& describe_producers) {
    kafka::DescribeProducersResponse response;
    for (auto const& [name, numbers] : describe_producers.topics) {
        auto& out = response.topics.emplace_back();
        out.name = name;
        for (auto const number : numbers) {
            auto& p = out.partitions.emplace_back();
            p.partition_index = number;
            auto const* partition = step.state().partition(name, number);
            if (partition == nullptr) {
                p.error_code = why_no_topic(name, step.options());
                continue;
            }
            auto const now = step.now().wall_ms;
            for (auto const* producer : step.state().producers.of(partition->key, now)) {
                auto& a = p.active_producers.emplace_back();
                a.producer_id = producer->id;
                a.producer_epoch = producer->epoch;
                a.last_sequence = producer->last_sequence();
                a.last_timestamp = producer->last_timestamp;
                a.coordinator_epoch = -1;
                auto const& transactions = partition->transactions;
                a.current_txn_start_offset =
                    transactions ? transactions->first_offset(producer->id).value_or(-1) : -1;
            }
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::ListConfigResourcesRequest const& list_resources) {
    enum : std::int8_t {
        topic = 2,
        broker = 4,
        broker_logger = 8,
        client_metrics = 16,
        group = 32
    };
    constexpr kafka::ApiVersion types_from = 1;  // before it, only client metrics are meant
    auto types = list_resources.resource_types;
    if (request.header.api_version < types_from) types = {client_metrics};
    if (types.empty()) types = {topic, broker, broker_logger, client_metrics, group};
    std::set<std::int8_t> const wanted{types.begin(), types.end()};
    kafka::ListConfigResourcesResponse response;
    for (auto const type : wanted) {
        if (type == topic) {
            for (auto const& [name, _] : step.state().topics)
                response.config_resources.push_back({name, topic});
        } else if (type == broker) {
            response.config_resources.push_back({std::to_string(step.options().node_id), broker});
        } else if (type == group) {
            for (auto const& [name, configs] : step.state().groups.all_configs())
                response.config_resources.push_back({name, group});
        } else if (type == client_metrics) {
            for (auto const& [name, configs] : step.state().client_metrics)
                response.config_resources.push_back({name, client_metrics});
        } else if (type != broker_logger) {
            response.config_resources.clear();
            response.error_code = ErrorCode::unsupported_version;
            break;
        }
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
