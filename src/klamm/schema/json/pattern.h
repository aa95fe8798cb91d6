// schema/json/pattern.h - regular expressions of JSON Schema (ECMA-262), in linear time.
//
// They are translated for RE2, which never backtracks: no pattern and no text keeps it busy.
// What it cannot do is refused by name: look-ahead, look-behind, back-references.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace klamm::schema::jsonschema {

/// Memory of one compiled pattern; what needs more is refused.
constexpr int pattern_bytes_max = 8 << 20;
/// Instructions of all patterns of one schema together.
constexpr std::size_t patterns_size_max = 500'000;

class Pattern {
public:
    /// The error: one sentence, with the pattern.
    static std::expected<Pattern, std::string> from(std::string_view ecma);

    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    /// Whether it matches anywhere in the text, which is UTF-8. Any thread.
    bool finds(std::string_view text) const;
    /// Its instructions, which is what it cost to compile.
    std::size_t size() const;

private:
    explicit Pattern(std::unique_ptr<re2::RE2> compiled);
    std::unique_ptr<re2::RE2> compiled_;
};

/// The same in RE2's language; the error says what has no counterpart there.
std::expected<std::string, std::string> translate_pattern(std::string_view ecma);

}  // namespace klamm::schema::jsonschema
