#include "klamm/kafka/messages/create_partitions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(CreatePartitions);

}  // namespace klamm::kafka
