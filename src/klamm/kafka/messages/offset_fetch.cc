#include "klamm/kafka/messages/offset_fetch.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(OffsetFetch);

}  // namespace klamm::kafka
