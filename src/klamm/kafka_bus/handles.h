// kafka_bus/handles.h - librdkafka's objects with owners, and its errors in the words of the bus.
#pragma once

#include "klamm/bus/bus.h"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::kafka_bus {

template <class T, void (*destroy)(T*)>
struct Destroy {
    void operator()(T* it) const { destroy(it); }
};
template <class T, void (*destroy)(T*)>
using Handle = std::unique_ptr<T, Destroy<T, destroy>>;

using PartitionList =
    Handle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using MessagePtr = Handle<rd_kafka_message_t, rd_kafka_message_destroy>;
using ErrorPtr = Handle<rd_kafka_error_t, rd_kafka_error_destroy>;
using Queue = Handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Topic = Handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
inline void destroy_metadata(rd_kafka_metadata_t const* metadata) {
    rd_kafka_metadata_destroy(metadata);
}
using Metadata = Handle<rd_kafka_metadata_t const, destroy_metadata>;
using Event = Handle<rd_kafka_event_t, rd_kafka_event_destroy>;
using GroupMetadata =
    Handle<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>;

PartitionList list_of(std::vector<bus::TopicPartition> const& partitions);
std::vector<bus::TopicPartition> partitions_of(rd_kafka_topic_partition_list_t const* list);

/// "Broker: Leader not available" becomes "Leader not available", as does what is "Local: ".
std::string without_prefix(std::string_view words);
/// Without a prefix.
std::string words(rd_kafka_resp_err_t error);
/// What can be done about it, outside transactions.
bus::Error::Kind kind_of(rd_kafka_resp_err_t error);
/// "WHAT: words". `detail`, if there is any, says it better than the words of the error.
bus::Error error_of(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail = {});

}  // namespace klamm::kafka_bus
