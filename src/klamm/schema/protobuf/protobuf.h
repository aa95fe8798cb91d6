// schema/protobuf/protobuf.h - schemas in Protobuf.
#pragma once

#include "klamm/schema/schema.h"

namespace klamm::schema {

[[nodiscard]] std::expected<SchemaPtr, SchemaError> parse_protobuf(
    std::string_view text, std::span<Reference const> references, ParseOptions options);

}  // namespace klamm::schema
