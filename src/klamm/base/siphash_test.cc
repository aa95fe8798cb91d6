#include "klamm/base/siphash.h"

#include <gtest/gtest.h>

#include <set>

namespace klamm {
namespace {

constexpr Hash128 key{0x0f0e0d0c0b0a0908, 0x0706050403020100};

Bytes counting(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t n = 0; n < size; ++n) bytes[n] = std::byte(n);
    return bytes;
}

// From the reference's list of vectors: key 00..0f, input 00 01 02 ...; each hash is 16 bytes, the
// low half first.
TEST(SipHash, gives_the_published_vectors) {
    EXPECT_EQ(siphash128(counting(0), key), (Hash128{0x930255c71472f66d, 0xe6a825ba047f81a3}));
    EXPECT_EQ(siphash128(counting(1), key), (Hash128{0x45fc229b11597634, 0x44af996bd8c187da}));
}

TEST(SipHash, every_byte_and_the_key_count) {
    std::set<Hash128> seen;
    for (std::size_t size = 0; size < 40; ++size) seen.insert(siphash128(counting(size), key));
    for (std::size_t n = 0; n < 40; ++n) {
        auto bytes = counting(40);
        bytes[n] ^= std::byte{0x80};
        seen.insert(siphash128(bytes, key));
    }
    seen.insert(siphash128(counting(3), {1, 2}));
    EXPECT_EQ(seen.size(), 81U);
}

}  // namespace
}  // namespace klamm
