#include "klamm/kafka/messages/alter_configs.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AlterConfigs);

}  // namespace klamm::kafka
