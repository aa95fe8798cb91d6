#include "klamm/kafka/messages/describe_acls.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeAcls);

}  // namespace klamm::kafka
