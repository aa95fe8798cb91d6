#include "klamm/kafka/messages/list_transactions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(ListTransactions);

}  // namespace klamm::kafka
