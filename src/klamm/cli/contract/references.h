// cli/contract/references.h - what a $ref of a document leads to.
#pragma once

#include "klamm/json/value.h"

#include <expected>
#include <string>
#include <string_view>

namespace klamm::cli {

/// The target of {"$ref": "…"}; null: `value` is no reference.
std::string const* reference_in(json::Value const& value);
/// "#/a/b%20c" as the pointer "/a/b c"; none: it leads out of the document.
std::expected<std::string, std::string> pointer_of(std::string_view reference);

struct Target {
    json::Value const* value = nullptr;
    std::string pointer;
};
/// Follows references inside the document until something else comes. What leads out of the
/// document, to nothing, or in a circle is an error.
[[nodiscard]] std::expected<Target, std::string> follow(json::Value const& document,
                                                        json::Value const& from,
                                                        std::string pointer);

}  // namespace klamm::cli
