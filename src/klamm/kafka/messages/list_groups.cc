#include "klamm/kafka/messages/list_groups.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ListGroups);

}  // namespace klamm::kafka
