// cli/payloads.h - keys and values that name their schema, read and written through a registry.
//
// Wire formats: doc/registry.md. Schemas are asked for once and then kept.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/cli/outcome.h"
#include "klamm/cli/registry_client.h"
#include "klamm/schema/schema.h"

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::cli {

enum class Part : std::uint8_t { key, value };

ByteView view_of(std::string_view bytes);

/// A payload apart from what says which schema it has.
struct Framed {
    std::int32_t id = 0;  ///< 0: named by GUID
    std::string guid;
    schema::SchemaPtr schema;
    schema::MessageIndexes indexes;
    ByteView payload;
};

class PayloadReader {
public:
    /// Records carry few different schemas; whoever sends others is not remembered for ever.
    static constexpr std::size_t schemas_max = 10'000;

    explicit PayloadReader(RegistryClient& registry) : registry_(registry) {}

    /// What the bytes of a record's key or value say about themselves. The error says why it
    /// cannot be known, in one sentence.
    std::expected<Framed, std::string> read(rd_kafka_message_t const& message, Part part,
                                            std::string_view bytes);

private:
    std::expected<schema::SchemaPtr, std::string> schema_of(schema::Framing const& framing);

    RegistryClient& registry_;
    std::map<std::string, std::expected<schema::SchemaPtr, std::string>> known_;
};

/// Why a broker that checks payloads refuses a record, as far as the registry can tell.
std::string why_refused(PayloadReader& payloads, rd_kafka_message_t const& message);

/// "/customer/age: expected a number" of a payload's error.
std::string words_of(schema::PayloadError const& error);

/// The indexes of the message with that name, full or simple, in a Protobuf schema. None: no such.
std::optional<schema::MessageIndexes> message_named(schema::Schema const& schema,
                                                    std::string_view name);

}  // namespace klamm::cli
