#include "klamm/kafka/messages/list_partition_reassignments.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ListPartitionReassignments);

}  // namespace klamm::kafka
