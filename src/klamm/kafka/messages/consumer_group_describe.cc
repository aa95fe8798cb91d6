#include "klamm/kafka/messages/consumer_group_describe.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ConsumerGroupDescribe);

}  // namespace klamm::kafka
