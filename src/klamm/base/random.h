// base/random.h - random numbers that a seed determines, on every machine.
#pragma once

#include <cstdint>

namespace klamm {

/// SplitMix64. Not for secrets. The host seeds it from the system, the simulation from its seed.
/// Source: https://prng.di.unimi.it/splitmix64.c
class Random {
public:
    explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

    constexpr std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    /// Uniform enough in [0, limit). Requires limit > 0.
    constexpr std::uint64_t below(std::uint64_t limit) { return next() % limit; }
    /// True once in `n` times on average.
    constexpr bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

}  // namespace klamm
