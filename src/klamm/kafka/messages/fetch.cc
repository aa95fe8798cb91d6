#include "klamm/kafka/messages/fetch.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(Fetch);

}  // namespace klamm::kafka
