// cli/transactions.h - questions about the transactions of any Kafka cluster.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/cluster.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::cli {

struct TransactionState {
    std::string id;
    std::string state;  ///< "Ongoing", "CompleteCommit", ...
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t timeout_ms = 0;
    std::int64_t started_ms = -1;  ///< -1: none since the producer was initialized
    std::vector<TopicPartition> partitions;

    bool ongoing() const { return state == "Ongoing"; }
};

/// All of all brokers: the ongoing ones first, the oldest of them first.
Outcome<std::vector<TransactionState>> transactions(Client& client);
/// Takes the transactional id away from its producer: what is ongoing is aborted.
Outcome<> abort_transaction(ClientOptions const& options, std::string const& id);

}  // namespace klamm::cli
