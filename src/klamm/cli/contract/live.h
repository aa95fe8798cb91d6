// cli/contract/live.h - whether what is on the topics obeys a contract.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/contract/verdict.h"
#include "klamm/cli/registry_client.h"

#include <cstdint>
#include <optional>

namespace klamm::cli {

struct LiveOptions {
    ClientOptions client;
    std::int64_t records = 1000;  ///< of each topic, the last ones
};

/// Reads the last records of every channel's topic. One obeys if the schema of one of the
/// channel's messages can read it: through the schema it was written with where its bytes name one,
/// else by itself. Records without a value obey. The failure: the cluster did not answer.
[[nodiscard]] Outcome<> check_topics(Contract const& contract, ChannelSchemas const& schemas,
                                     LiveOptions const& options, RegistryClient& registry,
                                     ContractReport& report);

}  // namespace klamm::cli
