#include "klamm/kafka/messages/describe_producers.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeProducers);

}  // namespace klamm::kafka
