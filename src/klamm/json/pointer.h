// json/pointer.h - places in a document (RFC 6901).
#pragma once

#include "klamm/json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace klamm::json {

/// A key as a pointer has it: "a/b" is "a~1b".
std::string escape_key(std::string_view key);
/// The reverse; what is no escape stays.
std::string unescape_key(std::string_view written);

/// One step further down.
std::string pointer_to(std::string_view parent, std::string_view key);
/// The keys of a pointer: "/a~1b/0" is {"a/b", "0"}. Requires that it is empty or begins with /.
std::vector<std::string> keys_of_pointer(std::string_view pointer);
/// What a pointer ("" or "/a/b") names in a document; null: nothing.
Value const* at_pointer(Value const& document, std::string_view pointer);

/// A pointer that was the fragment of an address: %XX as the bytes that they stand for; what is no
/// such escape stays.
std::string decode_percent(std::string_view text);

}  // namespace klamm::json
