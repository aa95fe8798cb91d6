#include "klamm/kafka/messages/metadata.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(Metadata);

}  // namespace klamm::kafka
