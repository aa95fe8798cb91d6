// cli/schema/records.h - all that is in a registry as records of the topic _schemas, and as lines:
// {"key":{…},"value":{…}} (doc/formats/schemas-topic.md).
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/cli/registry_client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::cli {

struct StoredVersion {
    RegisteredSchema schema;
    bool deleted = false;  ///< softly
};

/// What a registry holds. Subjects are qualified with their context; "" is the registry itself.
struct RegistryContents {
    std::map<std::pair<std::string, std::int32_t>, StoredVersion> versions;
    std::map<std::string, json::Value> configs;  ///< as they are set: "compatibility"
    std::map<std::string, std::string> modes;
    std::size_t ignored = 0;  ///< records that say nothing of these

    /// One record, as the registry that reads the topic takes it: the last word about a key counts.
    void apply(json::Value const& key, json::Value const& value);
    /// Records that say all this, schemas in the order of their ids.
    std::vector<std::pair<json::Value, json::Value>> records() const;
};

/// Reads {"key":…,"value":…}, also where key or value are JSON inside of strings.
Outcome<std::pair<json::Value, json::Value>> record_of_line(std::string_view line);
std::string text_of_record(json::Value const& key, json::Value const& value);

/// Asks a running registry for all that it has, soft-deleted versions as well.
Outcome<RegistryContents> contents_of(RegistryClient& registry);

}  // namespace klamm::cli
