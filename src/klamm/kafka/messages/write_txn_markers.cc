#include "klamm/kafka/messages/write_txn_markers.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(WriteTxnMarkers);

}  // namespace klamm::kafka
