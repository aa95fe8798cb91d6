#include "klamm/kafka/messages/offset_for_leader_epoch.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(OffsetForLeaderEpoch);

}  // namespace klamm::kafka
