// Metadata: who is in the cluster and where partitions are; the place where topics come to be by
// being asked for.
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using TopicAnswer = kafka::MetadataResponse::MetadataResponseTopic;

struct Asked {
    Step& step;
    kafka::MetadataRequest const& metadata;
    kafka::ApiVersion version;
};

void describe(Asked const& asked, Topic const& topic, TopicAnswer& out) {
    auto const node = asked.step.options().node_id;
    out.name = topic.name;
    out.topic_id = topic.id;
    out.is_internal = is_internal(topic.name);
    if (asked.metadata.include_topic_authorized_operations)
        out.topic_authorized_operations = topic_operations;
    out.partitions.reserve(topic.partitions.size());
    for (auto const& partition : topic.partitions) {
        auto& p = out.partitions.emplace_back();
        p.partition_index = partition->number;
        p.leader_id = node;
        p.leader_epoch = leader_epoch;
        p.replica_nodes = {node};
        p.isr_nodes = {node};
    }
}

void describe_by_name(Asked const& asked, std::string const& name, TopicAnswer& out) {
    auto& step = asked.step;
    out.name = name;
    auto const* topic = step.state().topic(name);
    if (topic == nullptr && asked.metadata.allow_auto_topic_creation &&
        step.options().auto_create_topics_enable) {
        auto const created = is_kept(name)
                                 ? ensure_internal(step, name)
                                 : create_topic(step, name, step.options().num_partitions, {});
        if (created)
            topic = *created;
        else
            out.error_code = created.error().code;
    } else if (topic == nullptr) {
        out.error_code = why_no_topic(name, step.options());
    }
    if (topic != nullptr) describe(asked, *topic, out);
}

void describe_by_id(Asked const& asked, Uuid const& id, TopicAnswer& out) {
    constexpr kafka::ApiVersion null_names_from = 12;
    if (auto const* topic = asked.step.state().topic(id)) return describe(asked, *topic, out);
    if (asked.version >= null_names_from) out.name.reset();
    out.topic_id = id;
    out.error_code = ErrorCode::unknown_topic_id;
}

/// Version 0 has no null: there an empty list means all topics.
bool wants_all(kafka::MetadataRequest const& metadata, kafka::ApiVersion version) {
    return !metadata.topics || (version == 0 && metadata.topics->empty());
}

}  // namespace

void handle(Step& step, Request const& request, kafka::MetadataRequest const& metadata) {
    auto const version = request.header.api_version;
    Asked const asked{step, metadata, version};
    auto const& options = step.options();
    kafka::MetadataResponse response;
    response.brokers.push_back({.node_id = options.node_id,
                                .host = options.advertised_host,
                                .port = options.advertised_port,
                                .rack = std::nullopt});
    response.cluster_id = step.state().cluster_id;
    response.controller_id = options.node_id;
    if (metadata.include_cluster_authorized_operations)
        response.cluster_authorized_operations = cluster_operations;
    if (wants_all(metadata, version)) {
        for (auto const& [name, topic] : step.state().topics)
            describe(asked, topic, response.topics.emplace_back());
    } else {
        for (auto const& [id, name] : *metadata.topics) {
            auto& out = response.topics.emplace_back();
            if (name && id.is_none())
                describe_by_name(asked, *name, out);
            else
                describe_by_id(asked, id, out);
        }
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
