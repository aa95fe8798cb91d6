#include "klamm/kafka/messages/find_coordinator.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(FindCoordinator);

}  // namespace klamm::kafka
