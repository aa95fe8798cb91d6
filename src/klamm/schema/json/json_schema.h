// schema/json/json_schema.h - schemas in JSON Schema.
#pragma once

#include "klamm/schema/schema.h"

namespace klamm::schema {

[[nodiscard]] std::expected<SchemaPtr, SchemaError> parse_json_schema(
    std::string_view text, std::span<Reference const> references, ParseOptions options);

}  // namespace klamm::schema
