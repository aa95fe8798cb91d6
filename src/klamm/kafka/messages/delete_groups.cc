#include "klamm/kafka/messages/delete_groups.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DeleteGroups);

}  // namespace klamm::kafka
