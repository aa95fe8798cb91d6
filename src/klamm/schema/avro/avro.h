// schema/avro/avro.h - schemas in Avro.
#pragma once

#include "klamm/schema/schema.h"

namespace klamm::schema {

[[nodiscard]] std::expected<SchemaPtr, SchemaError> parse_avro(
    std::string_view text, std::span<Reference const> references, ParseOptions options);

}  // namespace klamm::schema
