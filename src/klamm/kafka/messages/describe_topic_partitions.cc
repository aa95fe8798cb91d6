#include "klamm/kafka/messages/describe_topic_partitions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeTopicPartitions);

}  // namespace klamm::kafka
