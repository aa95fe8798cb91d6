// cli/cluster.h - questions to any Kafka cluster, and changes of its topics.
//
// Everything here waits for the answer, as long as the client's timeout allows.
#pragma once

#include "klamm/cli/client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace klamm::cli {

struct PartitionState {
    std::int32_t id;
    std::int32_t leader;  ///< -1: none
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> in_sync;
};

struct TopicState {
    std::string name;
    std::vector<PartitionState> partitions;
};

using TopicPartition = std::pair<std::string, std::int32_t>;
using Offsets = std::map<TopicPartition, std::int64_t>;

/// Every topic that the client may see, by name. Never creates one.
Outcome<std::vector<TopicState>> topics(Client& client);
/// One topic; a failure that names it if there is none.
Outcome<TopicState> topic(Client& client, std::string const& name);
std::vector<TopicPartition> partitions_of(TopicState const& topic);

constexpr std::int64_t earliest = -2;
constexpr std::int64_t latest = -1;
/// For each partition the first offset whose record is not older than `when`: milliseconds
/// since 1970, `earliest`, or `latest` for the offset that comes next. Where nothing is as
/// young as that, the partition's next offset.
Outcome<Offsets> offsets_at(Client& client, std::vector<TopicPartition> const& partitions,
                            std::int64_t when);

struct NewTopic {
    std::string name;
    std::int32_t partitions = -1;   ///< -1: as many as the cluster makes by itself
    std::int32_t replication = -1;  ///< likewise
    std::map<std::string, std::string> config;
};
/// The failure's hint says so when the topic exists already.
Outcome<> create_topic(Client& client, NewTopic const& topic);
bool is_topic_exists(Failure const& failure);
Outcome<> delete_topic(Client& client, std::string const& name);
Outcome<> grow_topic(Client& client, std::string const& name, std::int32_t partitions);

struct ConfigEntry {
    std::string name;
    std::string value;
    bool is_set;  ///< on this topic, not inherited
};
Outcome<std::vector<ConfigEntry>> topic_config(Client& client, std::string const& name);
/// One of its settings; empty when the cluster does not know it.
Outcome<std::string> topic_config_value(Client& client, std::string const& name,
                                        std::string const& setting);
/// Sets some settings of a topic and takes others back to their defaults. Reads all, then
/// writes all: an older request than the incremental one, which librdkafka 2.0 lacks, so a
/// change that someone else makes in between is lost.
Outcome<> change_topic_config(Client& client, std::string const& name,
                              std::map<std::string, std::string> const& set,
                              std::span<std::string const> unset);

}  // namespace klamm::cli
