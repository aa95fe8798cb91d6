#include "klamm/kafka/messages/delete_records.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DeleteRecords);

}  // namespace klamm::kafka
