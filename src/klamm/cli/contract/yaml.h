// cli/contract/yaml.h - a YAML or JSON file as a JSON document that remembers its lines.
//
// YAML 1.2's core schema: plain null, true, false and numbers are that; all else is text. An
// anchor may be used again and again, within a limit, so that a small file cannot make a huge
// document.
#pragma once

#include "klamm/json/value.h"

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace klamm::cli {

struct Document {
    static constexpr std::size_t bytes_max = 4 << 20;
    static constexpr std::size_t nodes_max = 200'000;
    static constexpr std::size_t depth_max = 100;

    json::Value value;
    /// The line, from 1, of what a JSON pointer names.
    std::map<std::string, int, std::less<>> lines;

    /// Of the place itself, or of the nearest around it.
    int line_of(std::string_view pointer) const;
};

/// The error says what is wrong, with line and column.
[[nodiscard]] std::expected<Document, std::string> read_document(std::string_view text);

}  // namespace klamm::cli
