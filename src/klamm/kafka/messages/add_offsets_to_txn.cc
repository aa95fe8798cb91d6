#include "klamm/kafka/messages/add_offsets_to_txn.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AddOffsetsToTxn);

}  // namespace klamm::kafka
