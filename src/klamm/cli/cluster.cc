#include "klamm/cli/cluster.h"

#include "klamm/cli/admin.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace klamm::cli {
namespace {

using MetadataPointer = rd_kafka_metadata_t const*;
void destroy_metadata(rd_kafka_metadata_t const* it) { rd_kafka_metadata_destroy(it); }
using Metadata = Handle<rd_kafka_metadata_t const, destroy_metadata>;
using NewTopicHandle = Handle<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using NewPartitions = Handle<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using DeleteTopic = Handle<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;
using ConfigResource = Handle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

constexpr std::size_t reason_bytes_max = 512;
constexpr auto exists_hint = "`klamm topic describe` shows it; --if-not-exists takes it as it is";

TopicState read(rd_kafka_metadata_topic const& topic) {
    TopicState state{topic.topic, {}};
    for (auto const& partition : std::span(topic.partitions, std::size_t(topic.partition_cnt))) {
        auto const replicas = std::span(partition.replicas, std::size_t(partition.replica_cnt));
        auto const in_sync = std::span(partition.isrs, std::size_t(partition.isr_cnt));
        state.partitions.push_back({partition.id,
                                    partition.leader,
                                    {replicas.begin(), replicas.end()},
                                    {in_sync.begin(), in_sync.end()}});
    }
    std::ranges::sort(state.partitions, {}, &PartitionState::id);
    return state;
}

Outcome<> first_failure(rd_kafka_topic_result_t const** results, std::size_t count,
                        std::string const& doing) {
    for (auto const* result : std::span(results, count)) {
        auto const error = rd_kafka_topic_result_error(result);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        auto const exists = error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
        auto const unknown = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        return failed(
            fmt::format("{}: {}", doing, reason(error, rd_kafka_topic_result_error_string(result))),
            exists    ? exists_hint
            : unknown ? "`klamm topic list` shows the topics that there are"
                      : "");
    }
    return {};
}

/// As offsets_at, but -1 where nothing is as young as that.
Outcome<Offsets> ask_offsets(Client& client, std::vector<TopicPartition> const& partitions,
                             std::int64_t when) {
    PartitionList const list(rd_kafka_topic_partition_list_new(int(partitions.size())));
    for (auto const& [name, id] : partitions)
        rd_kafka_topic_partition_list_add(list.get(), name.c_str(), id)->offset = when;
    auto const error = rd_kafka_offsets_for_times(client.rk(), list.get(), client.timeout_ms());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return refused("ask for offsets", error, nullptr);
    Offsets offsets;
    for (auto const& part : std::span(list->elems, std::size_t(list->cnt))) {
        if (part.err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return refused(fmt::format("ask for offsets of {}/{}", part.topic, part.partition),
                           part.err, nullptr);
        offsets[{part.topic, part.partition}] = part.offset;
    }
    return offsets;
}

}  // namespace

Outcome<std::vector<TopicState>> topics(Client& client) {
    MetadataPointer answer = nullptr;
    auto const error = rd_kafka_metadata(client.rk(), 1, nullptr, &answer, client.timeout_ms());
    Metadata const metadata(answer);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return refused("list topics", error, nullptr);
    std::vector<TopicState> found;
    for (auto const& topic : std::span(metadata->topics, std::size_t(metadata->topic_cnt)))
        found.push_back(read(topic));
    std::ranges::sort(found, {}, &TopicState::name);
    return found;
}

Outcome<TopicState> topic(Client& client, std::string const& name) {
    // All topics, because asking for one by name makes some clusters create it.
    auto all = topics(client);
    if (!all) return std::unexpected(all.error());
    auto const found = std::ranges::find(*all, name, &TopicState::name);
    if (found == all->end()) {
        auto failure =
            failed(fmt::format("there is no topic {} at {}", name, client.options().bootstrap),
                   "`klamm topic list` shows the topics that there are");
        failure.error().is_transient = true;  // it may just have been created
        return failure;
    }
    return *found;
}

std::vector<TopicPartition> partitions_of(TopicState const& topic) {
    std::vector<TopicPartition> partitions;
    for (auto const& partition : topic.partitions)
        partitions.emplace_back(topic.name, partition.id);
    return partitions;
}

Outcome<Offsets> offsets_at(Client& client, std::vector<TopicPartition> const& partitions,
                            std::int64_t when) {
    if (partitions.empty()) return Offsets{};
    auto offsets = patiently(client, [&] {
        auto answer = ask_offsets(client, partitions, when);
        // librdkafka would go on asking the old leaders for as long as its metadata is fresh.
        if (!answer && answer.error().is_transient) std::ignore = topics(client);
        return answer;
    });
    if (!offsets) return offsets;
    std::vector<TopicPartition> nothing_as_young;
    for (auto const& [partition, offset] : *offsets)
        if (offset < 0) nothing_as_young.push_back(partition);
    if (nothing_as_young.empty() || when == latest) return offsets;
    auto const ends = offsets_at(client, nothing_as_young, latest);
    if (!ends) return ends;
    for (auto const& [partition, offset] : *ends) (*offsets)[partition] = offset;
    return offsets;
}

Outcome<> create_topic(Client& client, NewTopic const& topic) {
    auto const doing = fmt::format("create topic {}", topic.name);
    std::array<char, reason_bytes_max> text{};
    NewTopicHandle const request(rd_kafka_NewTopic_new(
        topic.name.c_str(), topic.partitions, topic.replication, text.data(), text.size()));
    if (!request) return misused(fmt::format("{}: {}", doing, text.data()));
    for (auto const& [name, value] : topic.config)
        rd_kafka_NewTopic_set_config(request.get(), name.c_str(), value.c_str());
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, doing, [&](auto const* options, auto* queue) {
            auto* one = request.get();
            rd_kafka_CreateTopics(client.rk(), &one, 1, options, queue);
        });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event->get()), &count);
    return first_failure(results, count, doing);
}

bool is_topic_exists(Failure const& failure) { return failure.hint == exists_hint; }

Outcome<> delete_topic(Client& client, std::string const& name) {
    auto const doing = fmt::format("delete topic {}", name);
    DeleteTopic const request(rd_kafka_DeleteTopic_new(name.c_str()));
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_DELETETOPICS, doing, [&](auto const* options, auto* queue) {
            auto* one = request.get();
            rd_kafka_DeleteTopics(client.rk(), &one, 1, options, queue);
        });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(event->get()), &count);
    return first_failure(results, count, doing);
}

Outcome<> grow_topic(Client& client, std::string const& name, std::int32_t partitions) {
    auto const doing = fmt::format("give topic {} {} partitions", name, partitions);
    std::array<char, reason_bytes_max> text{};
    NewPartitions const request(rd_kafka_NewPartitions_new(name.c_str(), std::size_t(partitions),
                                                           text.data(), text.size()));
    if (!request) return misused(fmt::format("{}: {}", doing, text.data()));
    auto const event = ask(client, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, doing,
                           [&](auto const* options, auto* queue) {
                               auto* one = request.get();
                               rd_kafka_CreatePartitions(client.rk(), &one, 1, options, queue);
                           });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(event->get()), &count);
    return first_failure(results, count, doing);
}

namespace {

/// All settings, or only one.
Outcome<std::vector<ConfigEntry>> read_config(Client& client, std::string const& name,
                                              std::string const* setting) {
    auto const doing = fmt::format("describe the configuration of topic {}", name);
    ConfigResource const request(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    if (setting != nullptr) rd_kafka_ConfigResource_set_config(request.get(), setting->c_str(), "");
    auto const event = ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing,
                           [&](auto const* options, auto* queue) {
                               auto* one = request.get();
                               rd_kafka_DescribeConfigs(client.rk(), &one, 1, options, queue);
                           });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event->get()), &count);
    std::vector<ConfigEntry> config;
    for (auto const* resource : std::span(resources, count)) {
        if (auto const error = rd_kafka_ConfigResource_error(resource);
            error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(fmt::format(
                "{}: {}", doing, reason(error, rd_kafka_ConfigResource_error_string(resource))));
        std::size_t entry_count = 0;
        auto const** entries = rd_kafka_ConfigResource_configs(resource, &entry_count);
        for (auto const* entry : std::span(entries, entry_count)) {
            auto const* value = rd_kafka_ConfigEntry_value(entry);
            config.push_back({rd_kafka_ConfigEntry_name(entry), value == nullptr ? "" : value,
                              rd_kafka_ConfigEntry_source(entry) ==
                                  RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG});
        }
    }
    std::ranges::sort(config, {}, &ConfigEntry::name);
    return config;
}

}  // namespace

Outcome<std::vector<ConfigEntry>> topic_config(Client& client, std::string const& name) {
    return read_config(client, name, nullptr);
}

Outcome<std::string> topic_config_value(Client& client, std::string const& name,
                                        std::string const& setting) {
    auto const found = read_config(client, name, &setting);
    if (!found) return std::unexpected(found.error());
    auto const entry = std::ranges::find(*found, setting, &ConfigEntry::name);
    return entry == found->end() ? std::string{} : entry->value;
}

Outcome<> change_topic_config(Client& client, std::string const& name,
                              std::map<std::string, std::string> const& set,
                              std::span<std::string const> unset) {
    auto const before = topic_config(client, name);
    if (!before) return std::unexpected(before.error());
    auto wanted = set;
    for (auto const& entry : *before)
        if (entry.is_set) wanted.try_emplace(entry.name, entry.value);
    for (auto const& setting : unset) {
        if (std::ranges::find(*before, setting, &ConfigEntry::name) == before->end())
            return failed(fmt::format("topic {} has no setting {}", name, setting),
                          "`klamm topic describe --all-settings` shows those that there are");
        wanted.erase(setting);
    }

    auto const doing = fmt::format("configure topic {}", name);
    ConfigResource const request(
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    for (auto const& [setting, value] : wanted)
        rd_kafka_ConfigResource_set_config(request.get(), setting.c_str(), value.c_str());
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing, [&](auto const* options, auto* queue) {
            auto* one = request.get();
            rd_kafka_AlterConfigs(client.rk(), &one, 1, options, queue);
        });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** resources = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event->get()), &count);
    for (auto const* resource : std::span(resources, count))
        if (auto const error = rd_kafka_ConfigResource_error(resource);
            error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(fmt::format(
                "{}: {}", doing, reason(error, rd_kafka_ConfigResource_error_string(resource))));
    return {};
}

}  // namespace klamm::cli
