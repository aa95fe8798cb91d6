#include "klamm/kafka/messages/init_producer_id.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(InitProducerId);

}  // namespace klamm::kafka
