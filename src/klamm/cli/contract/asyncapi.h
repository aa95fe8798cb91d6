// cli/contract/asyncapi.h - AsyncAPI 3 documents: are they right, and what do they promise?
//
// Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0 and the bindings of Kafka,
// https://github.com/asyncapi/bindings/tree/master/kafka.
#pragma once

#include "klamm/json/value.h"
#include "klamm/schema/schema.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

/// Something that is wrong in the document.
struct Problem {
    std::string pointer;  ///< where
    std::string why;
};

struct MessageContract {
    std::string name;                  ///< its key in the channel
    std::string pointer;               ///< where it is described, after references
    std::optional<schema::Type> type;  ///< of the payload; none: it has no schema
    std::string schema;                ///< its text
    std::string schema_pointer;
    std::vector<std::string> examples;  ///< payloads, as JSON
};

struct ChannelContract {
    std::string name;
    std::string pointer;
    std::string topic;  ///< Kafka's; empty: the address is not known before run time
    std::vector<MessageContract> messages;
};

/// Seen from the application that the document describes.
enum class Action : std::uint8_t { send, receive };

struct OperationContract {
    std::string name;
    std::string pointer;
    Action action{};
    std::size_t channel = 0;            ///< in Contract::channels
    std::vector<std::size_t> messages;  ///< of the channel's
};

struct Contract {
    std::string title;
    std::string version;
    std::vector<ChannelContract> channels;
    std::vector<OperationContract> operations;
};

/// What is wrong with the form of a document: fields that are missing, unknown, or of another
/// kind, references that lead nowhere. Empty: it is an AsyncAPI 3 document.
std::vector<Problem> problems_of(json::Value const& document);

/// What the document says about topics and schemas. Requires a document without problems of form;
/// `problems` gets those of meaning. `load` reads a schema that is in a file of its own, by its
/// path relative to the document; none: why not.
using Load = std::function<std::expected<std::string, std::string>(std::string const& path)>;
Contract read_contract(json::Value const& document, Load const& load,
                       std::vector<Problem>& problems);

}  // namespace klamm::cli
