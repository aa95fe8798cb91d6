// cli/payload_writer.h - JSON made into payloads that name their schema.
#pragma once

#include "klamm/cli/payloads.h"
#include "klamm/cli/schema/source.h"

#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

/// Which schema a payload has.
struct PayloadSchemaOptions {
    std::string schema;   ///< a file, SUBJECT or SUBJECT:VERSION
    std::string subject;  ///< of a file; empty: as its name strategy has it, TOPIC-value
    bool register_it = false;
    std::string message;  ///< Protobuf: its name; empty: the first
    std::vector<std::string> references;
};

class PayloadWriter {
public:
    /// Finds the schema in the registry, and registers a file if that was asked for.
    static Outcome<PayloadWriter> open(RegistryClient& registry, std::string const& topic,
                                       Part part, PayloadSchemaOptions const& options);

    /// Magic byte, id and payload. The failure says where the JSON does not obey the schema.
    Outcome<std::string> encode(std::string_view json) const;

private:
    PayloadWriter() = default;

    schema::SchemaPtr schema_;
    schema::MessageIndexes indexes_;
    Bytes prefix_;
};

}  // namespace klamm::cli
