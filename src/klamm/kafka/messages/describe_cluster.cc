#include "klamm/kafka/messages/describe_cluster.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeCluster);

}  // namespace klamm::kafka
