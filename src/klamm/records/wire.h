// records/wire.h - the integers of the batch format: big-endian in headers, zigzag varints in
// records.
//
// Source: https://protobuf.dev/programming-guides/encoding/#signed-ints (zigzag)
#pragma once

#include "klamm/base/bytes.h"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace klamm::records {

/// Requires that `at` and the bytes of a T behind it lie within `bytes`.
template <std::integral T>
T load(ByteView bytes, std::size_t at) {
    T big;
    std::memcpy(&big, bytes.data() + at, sizeof big);
    return std::endian::native == std::endian::big ? big : std::byteswap(big);
}

template <std::integral T>
void store(std::span<std::byte> bytes, std::size_t at, T value) {
    auto const big = std::endian::native == std::endian::big ? value : std::byteswap(value);
    std::memcpy(bytes.data() + at, &big, sizeof big);
}

/// Takes varints and byte strings off the front. Failure is sticky: after it every read gives
/// zero or nothing, so that a record is read straight through and asked `failed()` once.
class VarintReader {
public:
    explicit VarintReader(ByteView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::int32_t varint() {
        auto const wide = unsigned_varint(5);
        if (wide > 0xffffffffU) fail();
        auto const raw = std::uint32_t(wide);
        return std::int32_t((raw >> 1) ^ (~(raw & 1) + 1));
    }
    std::int64_t varlong() {
        auto const raw = unsigned_varint(10);
        return std::int64_t((raw >> 1) ^ (~(raw & 1) + 1));
    }
    std::byte byte() {
        if (at_ == end_) return fail(), std::byte{};
        return *at_++;
    }
    ByteView take(std::int64_t size) {
        if (size < 0 || size > end_ - at_) return fail(), ByteView{};
        auto const* from = at_;
        at_ += size;
        return {from, std::size_t(size)};
    }
    void fail() {
        failed_ = true;
        at_ = end_;
    }

    bool failed() const { return failed_; }
    std::size_t bytes_left() const { return std::size_t(end_ - at_); }

private:
    std::uint64_t unsigned_varint(unsigned bytes_max) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes_max; ++i) {
            if (at_ == end_) break;
            auto const byte = std::to_integer<std::uint64_t>(*at_++);
            if (i == 9 && byte > 1) break;  // more than 64 bits
            value |= (byte & 0x7f) << (7 * i);
            if (byte < 0x80) return value;
        }
        fail();
        return 0;
    }

    std::byte const* at_;
    std::byte const* end_;
    bool failed_ = false;
};

/// Calls `put` with each byte of a zigzag varint.
template <class Put>
void write_varlong(std::int64_t value, Put put) {
    auto raw = (std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63);
    for (; raw >= 0x80; raw >>= 7) put(std::byte(raw | 0x80));
    put(std::byte(raw));
}

inline void put_bytes(Bytes& out, ByteView bytes) {
    if (bytes.empty()) return;
    auto const end = out.size();
    out.resize(end + bytes.size());
    std::memcpy(out.data() + end, bytes.data(), bytes.size());
}

}  // namespace klamm::records
