#include "klamm/kafka/messages/incremental_alter_configs.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(IncrementalAlterConfigs);

}  // namespace klamm::kafka
