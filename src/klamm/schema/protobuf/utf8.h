// schema/protobuf/utf8.h - whether bytes are UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace klamm::schema::protobuf {

/// How many bytes the character at the front has; 0: there is none. Requires a byte.
inline std::size_t utf8_bytes(std::string_view text) {
    auto const lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    std::size_t const size = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
    if (size == 0 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    auto const second = static_cast<unsigned char>(text[1]);
    bool const overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    bool const beyond = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : size;
}

inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (text.size() >= 8) {  // most text is ASCII
            std::uint64_t eight = 0;
            std::memcpy(&eight, text.data(), 8);
            if ((eight & 0x8080808080808080U) == 0) {
                text.remove_prefix(8);
                continue;
            }
        }
        auto const size = utf8_bytes(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

}  // namespace klamm::schema::protobuf
