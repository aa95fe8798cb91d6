// json/flat.h - a JSON document as the list of its parts, which look into the text: for who reads
// it once, and fast.
//
//     {"a":[1,"x"],"b":null}      0 object →7   1 string a   2 array →5   3 number 1   4 string x
//                                 5 string b    6 null
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace klamm::json {

/// One part. What is in an array follows it; what is in an object, too: each key as a string, then
/// its value.
struct Part {
    enum class Kind : std::uint8_t { null, yes, no, number, string, array, object };
    Kind kind{};
    std::uint32_t next = 0;  ///< the part that follows this one and all that is in it
    std::string_view text;   ///< a number as it was written, a string with its escapes resolved
};

class Flat {
public:
    static constexpr std::size_t bytes_max = 1024 * 1024;
    static constexpr std::size_t depth_max = 32;
    static constexpr std::size_t keys_max = 64;    ///< of one object
    static constexpr std::size_t digits_max = 64;  ///< of a number, before and behind its point
    static constexpr std::size_t exponent_digits_max = 2;

    /// `text` lives longer. None: it is wrong, or unusual: beyond these limits, or with a key that
    /// was written twice. Then json::parse() knows what it is, or what is wrong.
    static std::optional<Flat> read(std::string_view text);

    /// The first is the document.
    std::vector<Part> const& parts() const { return parts_; }

private:
    friend class FlatScanner;
    std::vector<Part> parts_;
    std::vector<char> unescaped_;  ///< what strings with escapes look at; it never grows
};

}  // namespace klamm::json
