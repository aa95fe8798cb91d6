#include "klamm/kafka/messages/api_versions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ApiVersions);

}  // namespace klamm::kafka
