#include "klamm/kafka/messages/add_partitions_to_txn.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AddPartitionsToTxn);

}  // namespace klamm::kafka
