#include "klamm/kafka/messages/alter_partition_reassignments.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AlterPartitionReassignments);

}  // namespace klamm::kafka
