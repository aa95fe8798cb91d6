// broker/varint.h - variable-length integers of the broker's own formats (LEB128, 64 bits).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace klamm::broker {

inline void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(std::uint8_t(value | 0x80));
    out.push_back(std::uint8_t(value));
}

/// Small numbers of either sign become small: 0, -1, 1, -2, ...
constexpr std::uint64_t zigzag(std::int64_t value) {
    return (std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return std::int64_t(value >> 1) ^ -std::int64_t(value & 1);
}

/// Takes a varint off `in` at `at`. False, with `at` anywhere, when it ends early or is too long.
inline bool get_varint(std::span<std::uint8_t const> in, std::size_t& at, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < in.size(); shift += 7) {
        auto const byte = in[at++];
        value |= std::uint64_t(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

}  // namespace klamm::broker
