#include "klamm/kafka/messages/alter_client_quotas.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(AlterClientQuotas);

}  // namespace klamm::kafka
