// cli/sarif.h - findings in files as SARIF 2.1.0, which code hosts show beside the lines.
//
// Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
#pragma once

#include "klamm/json/value.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

struct SarifResult {
    enum class Level : std::uint8_t { note, warning, error };
    /// The file with all its text replaced.
    struct Fix {
        std::string words;
        std::string text;
    };

    std::string rule;  ///< "READER_FIELD_MISSING_DEFAULT_VALUE"
    Level level = Level::error;
    std::string message;
    std::string file;      ///< as a path, from the root of the repository or absolute
    std::size_t line = 1;  ///< from 1
    /// The lines of the file; needed for fixes only.
    std::size_t file_lines = 0;
    std::vector<Fix> fixes;
};

json::Value to_sarif(std::span<SarifResult const> results);

/// The line in a JSON text where the value stands that a pointer ("/fields/1/type", also
/// "#/fields/1/type") leads to, or the nearest one around it that there is. From 1.
std::size_t line_of(std::string_view json_text, std::string_view pointer);

/// Likewise in the text of a Protobuf schema: "#/Order/Item/3" is field 3 of message Item in
/// message Order, as far as a look at the words can tell.
std::size_t line_of_proto(std::string_view text, std::string_view path);

}  // namespace klamm::cli
