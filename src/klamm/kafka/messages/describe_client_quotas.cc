#include "klamm/kafka/messages/describe_client_quotas.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeClientQuotas);

}  // namespace klamm::kafka
