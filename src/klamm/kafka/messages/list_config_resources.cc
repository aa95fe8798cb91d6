#include "klamm/kafka/messages/list_config_resources.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ListConfigResources);

}  // namespace klamm::kafka
