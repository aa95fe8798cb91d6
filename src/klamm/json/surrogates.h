// json/surrogates.h - halves of characters, which escapes can write and UTF-8 cannot.
#pragma once

#include <cstring>
#include <string_view>

namespace klamm::json {

/// Whether a string, its escapes resolved, holds half of a pair: what "\ud800" or "\udfff" alone
/// becomes. The rest of it is UTF-8.
inline bool has_half_character(std::string_view text) {
    constexpr char lead = '\xED';
    constexpr unsigned char first_half = 0xA0;  // U+D800 is ED A0 80
    auto const* at = text.data();
    auto const* const end = at + text.size();
    while (at != end) {
        at = static_cast<char const*>(std::memchr(at, lead, std::size_t(end - at)));
        if (at == nullptr || ++at == end) return false;
        if (static_cast<unsigned char>(*at) >= first_half) return true;
    }
    return false;
}

}  // namespace klamm::json
