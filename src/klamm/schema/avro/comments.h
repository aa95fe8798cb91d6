// schema/avro/comments.h - JSON as people write schemas: with comments.
#pragma once

#include <string>
#include <string_view>

namespace klamm::schema::avro {

/// The text with each comment, from // to the end of the line and from /* to */, made blank.
std::string without_comments(std::string_view text);

}  // namespace klamm::schema::avro
