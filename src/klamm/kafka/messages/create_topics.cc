#include "klamm/kafka/messages/create_topics.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(CreateTopics);

}  // namespace klamm::kafka
