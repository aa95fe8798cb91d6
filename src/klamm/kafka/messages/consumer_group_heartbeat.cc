#include "klamm/kafka/messages/consumer_group_heartbeat.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ConsumerGroupHeartbeat);

}  // namespace klamm::kafka
