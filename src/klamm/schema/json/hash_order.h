// schema/json/hash_order.h - names in the order in which Confluent's registry goes through them.
//
// It keeps properties in Java's HashMap and reports differences as it meets them; so the first
// message that a person sees is the same here.
#pragma once

#include <string_view>
#include <vector>

namespace klamm::schema::jsonschema {

/// All of `first`, then those of `second` that are new, in the order of a HashSet made so.
std::vector<std::string_view> in_hash_order(std::vector<std::string_view> const& first,
                                            std::vector<std::string_view> const& second);

}  // namespace klamm::schema::jsonschema
