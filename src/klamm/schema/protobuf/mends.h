// schema/protobuf/mends.h - changes to a new schema that would take a difference from an old one
// away.
//
// Candidates only: whoever uses one parses it and compares again. Most keep both what is new and
// what old data needs: a type that changed becomes a field of its own, with a number that nobody
// had.
#pragma once

#include "klamm/schema/protobuf/syntax.h"
#include "klamm/schema/schema.h"

#include <vector>

namespace klamm::schema::protobuf {

std::vector<Mend> mends(File const& old, File const& proposed, Difference const& difference,
                        Breaks breaks);

}  // namespace klamm::schema::protobuf
