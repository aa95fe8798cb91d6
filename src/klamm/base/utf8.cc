#include "klamm/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace klamm {

namespace {

/// Seen by the compiler in both functions below: short texts are most of what comes.
inline std::size_t character_bytes(std::uint8_t const* at, std::size_t left) {
    auto const continues = [&](std::size_t i) { return (at[i] & 0xc0) == 0x80; };
    auto const first = at[0];
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return left >= 2 && continues(1) ? 2 : 0;
    if (first < 0xf0) {
        if (left < 3 || !continues(1) || !continues(2)) return 0;
        if (first == 0xe0 && at[1] < 0xa0) return 0;   // overlong
        if (first == 0xed && at[1] >= 0xa0) return 0;  // surrogate
        return 3;
    }
    if (first > 0xf4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xf0 && at[1] < 0x90) return 0;
    if (first == 0xf4 && at[1] >= 0x90) return 0;
    return 4;
}

}  // namespace

std::size_t utf8_bytes(std::string_view text) {
    return character_bytes(reinterpret_cast<std::uint8_t const*>(text.data()), text.size());
}

bool is_utf8(std::string_view text) {
    auto const* at = reinterpret_cast<std::uint8_t const*>(text.data());
    auto const* const end = at + text.size();
    while (at != end) {
        while (end - at >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, at, 8);
            if ((eight & 0x8080808080808080) != 0) break;
            at += 8;
        }
        if (at == end) break;
        auto const size = character_bytes(at, static_cast<std::size_t>(end - at));
        if (size == 0) return false;
        at += size;
    }
    return true;
}

}  // namespace klamm
