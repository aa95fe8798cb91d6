#include "klamm/kafka/messages/elect_leaders.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ElectLeaders);

}  // namespace klamm::kafka
