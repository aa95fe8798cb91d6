// schema/avro/encode.h - payloads from JSON, as `decode` writes it and as people would.
//
// A union's value is {"type": value} or the value alone, which then goes to the first branch that
// takes it. A field that is not given has its default.
#pragma once

#include "klamm/schema/avro/model.h"

namespace klamm::schema::avro {

[[nodiscard]] std::expected<Bytes, PayloadError> encode(Model const& model, std::string_view json);

/// The default of a field, as bytes. In a schema's text a union's value stands alone.
[[nodiscard]] std::expected<Bytes, PayloadError> encode_default(Model const& model,
                                                                Field const& field);

}  // namespace klamm::schema::avro
