// schema/json/values.h - whether two values are one: 1 is 1.0, and members have no order.
#pragma once

#include "klamm/schema/json/tape.h"

#include <cstddef>

namespace klamm::schema::jsonschema {

/// `steps`: what the work may still cost, and what is left of it. With nothing left: false.
bool equal(Tape const& a, At at_a, Tape const& b, At at_b, std::size_t& steps);

/// Equal values have equal hashes.
std::size_t hash_of(Tape const& tape, At at);

/// The second of two equal elements of the array; none: 0, where no element ever is.
At repeated_element(Tape const& tape, At array, std::size_t& steps);

}  // namespace klamm::schema::jsonschema
