// schema/json/uri.h - addresses of schemas: resolved against each other, with their fragments.
//
// Source: RFC 3986, section 5; RFC 6901 for pointers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::schema::jsonschema {

/// "a.json#/b" is {"a.json", "/b"}.
std::pair<std::string_view, std::string_view> split_fragment(std::string_view reference);

/// The address that `reference`, without a fragment, means where `base` is the address.
std::string resolve(std::string_view base, std::string_view reference);

/// %XX as the bytes that they stand for; what is no such escape stays.
std::string decode_percent(std::string_view text);

/// The keys of a pointer: "/a~1b/0" is {"a/b", "0"}. Requires that it is empty or begins with /.
std::vector<std::string> keys_of_pointer(std::string_view pointer);
/// A key as a pointer has it.
std::string escape_key(std::string_view key);

}  // namespace klamm::schema::jsonschema
