#include "klamm/kafka/messages/push_telemetry.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(PushTelemetry);

}  // namespace klamm::kafka
