// schema/json/uri.h - addresses of schemas: resolved against each other, with their fragments.
//
// Source: RFC 3986, section 5.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace klamm::schema::jsonschema {

/// "a.json#/b" is {"a.json", "/b"}.
std::pair<std::string_view, std::string_view> split_fragment(std::string_view reference);

/// The address that `reference`, without a fragment, means where `base` is the address.
std::string resolve(std::string_view base, std::string_view reference);

}  // namespace klamm::schema::jsonschema
