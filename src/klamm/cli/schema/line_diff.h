// cli/schema/line_diff.h - two texts as a unified diff.
#pragma once

#include <string>
#include <string_view>

namespace klamm::cli {

/// With three lines around each change, as `diff -u` writes it. Empty: they are the same. Texts
/// that differ in very many lines are shown as wholly replaced.
std::string unified_diff(std::string_view old_text, std::string_view new_text,
                         std::string_view old_name, std::string_view new_name);

}  // namespace klamm::cli
