#include "klamm/kafka_bus/handles.h"

namespace klamm::kafka_bus {

PartitionList list_of(std::vector<bus::TopicPartition> const& partitions) {
    PartitionList list(rd_kafka_topic_partition_list_new(int(partitions.size())));
    for (auto const& [topic, partition] : partitions)
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
    return list;
}

std::vector<bus::TopicPartition> partitions_of(rd_kafka_topic_partition_list_t const* list) {
    std::vector<bus::TopicPartition> partitions;
    for (int i = 0; i < list->cnt; ++i)
        partitions.push_back({list->elems[i].topic, list->elems[i].partition});
    return partitions;
}

std::string without_prefix(std::string_view words) {
    for (std::string_view const prefix : {"Broker: ", "Local: "})
        if (words.starts_with(prefix)) words.remove_prefix(prefix.size());
    return std::string(words);
}

std::string words(rd_kafka_resp_err_t error) { return without_prefix(rd_kafka_err2str(error)); }

bus::Error::Kind kind_of(rd_kafka_resp_err_t error) {
    using Kind = bus::Error::Kind;
    switch (error) {
        case RD_KAFKA_RESP_ERR__FENCED:
        case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
        case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
        case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
        case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            return Kind::fenced;

        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
        case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
        case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
        case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
        case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
        case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
        case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        case RD_KAFKA_RESP_ERR__INVALID_ARG:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
            return Kind::refused;

        default:
            return Kind::away;
    }
}

bus::Error error_of(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail) {
    auto why = std::string(what) + ": " + (detail.empty() ? words(error) : std::string(detail));
    return {kind_of(error), std::move(why)};
}

}  // namespace klamm::kafka_bus
