// schema/avro/validate.h - what can be checked only when all names of a schema are known.
#pragma once

#include "klamm/schema/avro/model.h"

namespace klamm::schema::avro {

/// Unions hold no union and nothing twice; nothing is deeper than the limit; strict: defaults fit.
[[nodiscard]] std::expected<void, SchemaError> validate(Model const& model, ParseOptions options);

/// The branch of a union that a default in a schema's text is for: the first that it fits. Any
/// will do, as since Avro 1.12; earlier it had to be the first of all.
std::optional<std::size_t> fitting_branch(Model const& model, Type const& union_type,
                                          json::Value const& value);

/// A default for the type: 0, "", [], the first symbol, ...; none: no small one exists.
std::optional<json::Value> plain_default(Model const& model, TypeId type);

}  // namespace klamm::schema::avro
