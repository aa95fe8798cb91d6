// schema/json/mend.h - changes to a schema that would take a difference away.
//
// Each is a guess by the rule that was broken: take back what became narrower, leave out what was
// added, give a default. Whether it helps, the one who asked finds out by comparing again.
#pragma once

#include "klamm/schema/json/compare.h"
#include "klamm/schema/schema.h"

#include <vector>

namespace klamm::schema::jsonschema {

/// `root`: the new schema, whole. `found`: the difference; its schemas are in the two documents,
/// and those that are not in `root` cannot be changed.
std::vector<Mend> mends_of(json::Value const& root, Found const& found, Breaks breaks);

}  // namespace klamm::schema::jsonschema
