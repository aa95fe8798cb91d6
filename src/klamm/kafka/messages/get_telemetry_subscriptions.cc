#include "klamm/kafka/messages/get_telemetry_subscriptions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(GetTelemetrySubscriptions);

}  // namespace klamm::kafka
