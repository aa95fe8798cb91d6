#include "klamm/base/siphash.h"

#include <bit>
#include <cstring>

namespace klamm {
namespace {

struct Sip {
    std::uint64_t v0, v1, v2, v3;

    void rounds(int count) {
        for (; count > 0; --count) {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }
    }
    void word(std::uint64_t m) {
        v3 ^= m;
        rounds(2);
        v0 ^= m;
    }
    std::uint64_t all() const { return v0 ^ v1 ^ v2 ^ v3; }
};

std::uint64_t little_word(std::byte const* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return std::endian::native == std::endian::little ? word : std::byteswap(word);
}

}  // namespace

Hash128 siphash128(ByteView bytes, Hash128 key) {
    Sip sip{key.low ^ 0x736f6d6570736575U, key.high ^ 0x646f72616e646f6dU ^ 0xeeU,
            key.low ^ 0x6c7967656e657261U, key.high ^ 0x7465646279746573U};
    auto const words = bytes.size() / 8;
    for (std::size_t n = 0; n < words; ++n) sip.word(little_word(bytes.data() + n * 8));
    auto last = std::uint64_t(bytes.size()) << 56;
    for (std::size_t n = words * 8; n < bytes.size(); ++n)
        last |= std::to_integer<std::uint64_t>(bytes[n]) << (8 * (n % 8));
    sip.word(last);
    Hash128 hash;
    sip.v2 ^= 0xee;
    sip.rounds(4);
    hash.low = sip.all();
    sip.v1 ^= 0xdd;
    sip.rounds(4);
    hash.high = sip.all();
    return hash;
}

}  // namespace klamm
