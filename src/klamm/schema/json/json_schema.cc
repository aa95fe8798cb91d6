#include "klamm/schema/json/json_schema.h"

#include "klamm/schema/json/schema_of_json.h"

#include <fmt/format.h>

namespace klamm::schema {

using namespace jsonschema;

std::expected<SchemaPtr, SchemaError> parse_json_schema(std::string_view text,
                                                        std::span<Reference const> references,
                                                        ParseOptions options) {
    auto schema = JsonSchema::from(text, references, options);
    if (!schema) return std::unexpected(std::move(schema.error()));
    return std::move(*schema);
}

}  // namespace klamm::schema
