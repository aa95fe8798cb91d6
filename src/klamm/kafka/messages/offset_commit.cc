#include "klamm/kafka/messages/offset_commit.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(OffsetCommit);

}  // namespace klamm::kafka
