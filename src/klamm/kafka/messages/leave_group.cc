#include "klamm/kafka/messages/leave_group.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(LeaveGroup);

}  // namespace klamm::kafka
