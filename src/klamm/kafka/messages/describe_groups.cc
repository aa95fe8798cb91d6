#include "klamm/kafka/messages/describe_groups.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeGroups);

}  // namespace klamm::kafka
