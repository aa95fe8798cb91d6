#include "klamm/kafka/messages/describe_configs.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeConfigs);

}  // namespace klamm::kafka
