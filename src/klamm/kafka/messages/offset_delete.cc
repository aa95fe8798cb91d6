#include "klamm/kafka/messages/offset_delete.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(OffsetDelete);

}  // namespace klamm::kafka
