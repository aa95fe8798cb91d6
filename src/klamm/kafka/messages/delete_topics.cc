#include "klamm/kafka/messages/delete_topics.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DeleteTopics);

}  // namespace klamm::kafka
