#include "klamm/kafka/messages/alter_replica_log_dirs.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AlterReplicaLogDirs);

}  // namespace klamm::kafka
