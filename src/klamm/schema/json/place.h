// schema/json/place.h - a place in a schema's text, and what could stand there.
#pragma once

#include "klamm/json/value.h"

#include <optional>
#include <string>
#include <vector>

namespace klamm::schema::jsonschema {

/// Keys and indexes that lead to a value.
using Keys = std::vector<std::string>;

/// The way from `root` to the value with this place in memory; none: it is not inside.
std::optional<Keys> keys_to(json::Value const& root, json::Value const* wanted);
/// The value there. Requires that it is there.
json::Value& at(json::Value& root, Keys const& keys);

/// A value that the schema likely permits, for a default.
json::Value likely_value(json::Value const& schema);

}  // namespace klamm::schema::jsonschema
