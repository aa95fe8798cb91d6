#include "klamm/kafka/messages/join_group.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(JoinGroup);

}  // namespace klamm::kafka
