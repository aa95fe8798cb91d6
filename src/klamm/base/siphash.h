// base/siphash.h - a hash of bytes that nobody who does not know the key can steer.
//
// SipHash-2-4 with 128 bits. Source: https://www.aumasson.jp/siphash/siphash.pdf, appendix of the
// 128-bit variant.
#pragma once

#include "klamm/base/bytes.h"

#include <compare>
#include <cstdint>

namespace klamm {

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(Hash128 const&) const = default;
};

Hash128 siphash128(ByteView bytes, Hash128 key);

}  // namespace klamm
