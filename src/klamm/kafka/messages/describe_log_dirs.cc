#include "klamm/kafka/messages/describe_log_dirs.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeLogDirs);

}  // namespace klamm::kafka
