#include "klamm/kafka/messages/list_offsets.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ListOffsets);

}  // namespace klamm::kafka
