#include "klamm/kafka/messages/describe_transactions.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeTransactions);

}  // namespace klamm::kafka
