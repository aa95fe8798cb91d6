// cli/schema/data_check.h - whether a schema reads the records that are on a topic already.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/payloads.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::cli {

struct DataFinding {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t id = 0;  ///< of the schema that it was written with; 0: not known
    schema::PayloadError error;
};

struct DataCheck {
    static constexpr std::size_t findings_max = 20;

    std::string topic;
    std::int64_t checked = 0;
    std::int64_t failed = 0;
    std::vector<DataFinding> findings;  ///< the first of those that failed
};

/// The last `count` records of the topic, but for those without key or value.
Outcome<DataCheck> check_data(RegistryClient& registry, ClientOptions const& cluster,
                              std::string const& topic, Part part, std::int64_t count,
                              schema::Schema const& reader);

/// The topic and the part of its records that a subject is named after: TOPIC-value, TOPIC-key.
/// None: the subject is named otherwise.
std::optional<std::pair<std::string, Part>> topic_of(std::string_view subject);

}  // namespace klamm::cli
