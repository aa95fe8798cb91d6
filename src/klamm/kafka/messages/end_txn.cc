#include "klamm/kafka/messages/end_txn.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(EndTxn);

}  // namespace klamm::kafka
