#include "klamm/bus/questions.h"

namespace klamm::bus {

kafka::ListOffsetsRequest list_request(TopicPartition const& partition, std::int64_t timestamp) {
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = read_committed;
    auto& topic = request.topics.emplace_back();
    topic.name = partition.topic;
    auto& out = topic.partitions.emplace_back();
    out.partition_index = partition.partition;
    out.timestamp = timestamp;
    return request;
}

kafka::OffsetFetchRequest offsets_request(std::string const& group_id, std::string const& member_id,
                                          std::int32_t epoch,
                                          std::vector<TopicPartition> const& partitions) {
    kafka::OffsetFetchRequest request;
    request.require_stable = true;
    auto& group = request.groups.emplace_back();
    group.group_id = group_id;
    if (!member_id.empty()) group.member_id = member_id;
    group.member_epoch = epoch;
    for (auto const& partition : partitions) {
        if (group.topics->empty() || group.topics->back().name != partition.topic)
            group.topics->emplace_back().name = partition.topic;
        group.topics->back().partition_indexes.push_back(partition.partition);
    }
    return request;
}

}  // namespace klamm::bus
