#include "klamm/kafka/messages/txn_offset_commit.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(TxnOffsetCommit);

}  // namespace klamm::kafka
