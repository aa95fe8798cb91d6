#include "klamm/kafka/messages/produce.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(Produce);

}  // namespace klamm::kafka
