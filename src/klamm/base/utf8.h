// base/utf8.h - whether bytes are UTF-8 (RFC 3629): no surrogates, nothing overlong, nothing beyond
// U+10FFFF.
#pragma once

#include "klamm/base/bytes.h"

#include <cstddef>
#include <string_view>

namespace klamm {

/// How many bytes the character at the front has; 0: there is none. Requires a byte.
std::size_t utf8_bytes(std::string_view text);

/// Fast where it is ASCII.
bool is_utf8(std::string_view text);
inline bool is_utf8(ByteView bytes) {
    return is_utf8({reinterpret_cast<char const*>(bytes.data()), bytes.size()});
}

}  // namespace klamm
