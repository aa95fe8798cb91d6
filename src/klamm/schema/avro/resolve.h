// schema/avro/resolve.h - a writer's payload as the reader's schema sees it.
//
// The specification's "Schema Resolution", value by value: aliases, promotions, defaults, the
// default of an enum, unions. What a schema promises in general, compare.h says; this is about the
// very bytes, which may be readable although others would not be.
#pragma once

#include "klamm/schema/avro/check.h"
#include "klamm/schema/avro/model.h"

#include <string>

namespace klamm::schema::avro {

/// The value as JSON in the shape of the reader's schema.
[[nodiscard]] std::expected<std::string, PayloadError> read_as(Model const& reader,
                                                               Sizes const& reader_sizes,
                                                               Model const& writer,
                                                               Sizes const& writer_sizes,
                                                               ByteView payload);

}  // namespace klamm::schema::avro
