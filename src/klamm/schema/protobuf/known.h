// schema/protobuf/known.h - files that every schema may import without a reference.
//
// google/protobuf/* come with the library; google/type/* and confluent/* are here, as Confluent's
// registry offers them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace klamm::schema::protobuf {

/// The text of google/type/… or confluent/…; none: not among them.
std::optional<std::string_view> known_file(std::string_view path);
std::vector<std::string_view> known_paths();

}  // namespace klamm::schema::protobuf
