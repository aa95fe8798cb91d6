#include "klamm/kafka/messages/describe_user_scram_credentials.h"

#include "klamm/kafka/instantiate.h"

namespace klamm::kafka {

KLAMM_KAFKA_API(DescribeUserScramCredentials);

}  // namespace klamm::kafka
