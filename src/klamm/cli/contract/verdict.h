// cli/contract/verdict.h - whether what a contract says about schemas holds against a registry.
//
// A receiver must read what is on the topic: the data of every version that its subject has. A
// sender must be read: by the newest version, which those who keep up use.
#pragma once

#include "klamm/cli/contract/asyncapi.h"
#include "klamm/cli/outcome.h"
#include "klamm/schema/schema.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace klamm::cli {

/// A version of a subject.
struct RegisteredVersion {
    std::int32_t version = 0;
    schema::SchemaPtr schema;
};
/// The live versions of a subject, oldest first; empty: there is no such subject.
using VersionsOf = std::function<Outcome<std::vector<RegisteredVersion>>(std::string const&)>;

struct Verdict {
    enum class Kind : std::uint8_t {
        document,      ///< the document is wrong
        schema,        ///< a schema in it is wrong
        example,       ///< an example does not obey its schema
        incompatible,  ///< a direction does not hold
        unregistered,  ///< the registry has nothing to compare with: a warning
        record,        ///< a record on a topic does not obey
    };
    Kind kind{};
    std::string pointer;  ///< in the document
    std::string where;    ///< the subject and version, or the record; may be empty
    std::string why;

    bool is_warning() const { return kind == Kind::unregistered; }
};

/// The name that programs know a kind of verdict by.
std::string_view name_of(Verdict::Kind kind);

/// What was found in a document, wrong or right, in the order in which it was looked at.
struct ContractReport {
    std::vector<Verdict> verdicts;
    std::vector<std::string> holds;  ///< one line for each thing that was compared and is right
};

/// A message whose schema could be parsed.
struct ParsedMessage {
    MessageContract const* message = nullptr;
    schema::SchemaPtr schema;
};
/// For each channel its messages that have schemas. What is wrong with schemas and examples is
/// reported.
using ChannelSchemas = std::vector<std::vector<ParsedMessage>>;
ChannelSchemas parse_schemas(Contract const& contract, ContractReport& report);

/// Checks every operation's direction against the registry. The failure: it did not answer.
[[nodiscard]] Outcome<> check_directions(Contract const& contract, ChannelSchemas const& schemas,
                                         VersionsOf const& versions, ContractReport& report);

}  // namespace klamm::cli
