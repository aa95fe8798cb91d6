#include "klamm/kafka/messages/sync_group.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(SyncGroup);

}  // namespace klamm::kafka
