// schema/json/validate.h - whether a payload obeys a compiled schema, and if not, why.
//
// The first way through only says yes or no. When it is no, a second one finds the words: the
// failure that is deepest in the payload among the alternatives of an anyOf or oneOf.
//
// Every rule applied to a value is a step, and so is every few bytes that a pattern or a
// comparison of values goes through.
#pragma once

#include "klamm/schema/json/program.h"
#include "klamm/schema/json/tape.h"

#include <expected>

namespace klamm::schema::jsonschema {

/// Steps that any payload may cost, and those that each of its bytes adds.
constexpr std::size_t validate_steps_max = 1'000'000;
constexpr std::size_t validate_steps_per_byte = 16;
/// Rules inside each other, so that the stack is enough.
constexpr std::size_t validate_depth_max = 1'000;
/// How much of a value an error shows.
constexpr std::size_t error_value_bytes_max = 120;

[[nodiscard]] std::expected<void, PayloadError> validate(Program const& program,
                                                         Tape const& payload);

}  // namespace klamm::schema::jsonschema
