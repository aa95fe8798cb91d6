#include "klamm/bus/partitioner.h"

namespace klamm::bus {

// MurmurHash2, 32 bits, by Austin Appleby (public domain), with the seed that Kafka gives it.
std::int32_t murmur2(std::string_view bytes) {
    constexpr std::uint32_t seed = 0x9747b28c, factor = 0x5bd1e995;
    constexpr int shift = 24;
    auto const byte = [&](std::size_t at) { return std::uint32_t(std::uint8_t(bytes[at])); };
    auto hash = seed ^ std::uint32_t(bytes.size());
    std::size_t at = 0;
    for (; at + 4 <= bytes.size(); at += 4) {
        auto word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
        word *= factor;
        word ^= word >> shift;
        hash = hash * factor ^ word * factor;
    }
    auto const rest = bytes.size() - at;
    if (rest == 3) hash ^= byte(at + 2) << 16;
    if (rest >= 2) hash ^= byte(at + 1) << 8;
    if (rest >= 1) hash = (hash ^ byte(at)) * factor;
    hash ^= hash >> 13;
    hash *= factor;
    hash ^= hash >> 15;
    return std::int32_t(hash);
}

}  // namespace klamm::bus
