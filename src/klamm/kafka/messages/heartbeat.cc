#include "klamm/kafka/messages/heartbeat.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(Heartbeat);

}  // namespace klamm::kafka
