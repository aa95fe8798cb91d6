// schema/avro/mend.h - changes to a new schema after which it may agree with an old one.
#pragma once

#include "klamm/schema/avro/compare.h"

namespace klamm::schema::avro {

/// Candidates against one difference, the likeliest first. Each is a valid schema; whether it is
/// compatible is for the caller to prove.
std::vector<Mend> mends(Model const& proposed, Model const& old, Difference const& difference,
                        Breaks breaks);

/// All that a new schema has that the old one had not, and the other way round, in words.
std::vector<Difference> changes(Model const& old, Model const& now);

}  // namespace klamm::schema::avro
