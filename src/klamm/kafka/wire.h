// kafka/wire.h - the primitive types of the Kafka wire format.
//
// All integers are big-endian. "Flexible" message versions (KIP-482) write lengths as
// unsigned varints holding length + 1, so that 0 can mean null; older versions write an
// int16 (strings) or int32 (bytes, arrays) length where -1 means null.
//
// Source: https://kafka.apache.org/protocol.html#protocol_types
#pragma once

#include "klamm/base/bytes.h"

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::kafka {



/// Appends primitives to a caller-owned buffer. Cannot fail: it only grows the buffer.
class Writer {
public:
    explicit Writer(std::vector<std::byte>& out) : out_(out) {}

    template <std::integral T>
    void integer(T value) {
        auto const big = std::endian::native == std::endian::big ? value : std::byteswap(value);
        raw(std::as_bytes(std::span{&big, 1}));
    }

    void uvarint(std::uint32_t value) {
        for (; value >= 0x80; value >>= 7) out_.push_back(std::byte(value | 0x80));
        out_.push_back(std::byte(value));
    }

    void raw(ByteView bytes) {
        if (bytes.empty()) return;
        auto const end = out_.size();
        out_.resize(end + bytes.size());
        std::memcpy(out_.data() + end, bytes.data(), bytes.size());
    }

private:
    std::vector<std::byte>& out_;
};

/// Takes primitives off the front of a frame.
///
/// Failure is sticky: after the first read past the end every read returns zero or empty, so
/// a decoder runs straight through and asks `failed()` once, at the end. A count or length
/// is never believed beyond the bytes that are left, which bounds every loop and allocation
/// by the size of the frame.
class Reader {
public:
    explicit Reader(ByteView frame) : rest_(frame), frame_size_(frame.size()) {}

    template <std::integral T>
    T integer() {
        T big{};
        auto const bytes = take(sizeof big);
        if (failed_) return 0;
        std::memcpy(&big, bytes.data(), sizeof big);
        return std::endian::native == std::endian::big ? big : std::byteswap(big);
    }

    std::uint32_t uvarint() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            auto const byte = integer<std::uint8_t>();
            value |= std::uint32_t(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        fail();
        return 0;
    }

    ByteView take(std::size_t size) {
        if (failed_ || size > rest_.size()) {
            fail();
            return {};
        }
        auto const front = rest_.first(size);
        rest_ = rest_.subspan(size);
        return front;
    }

    void fail() {
        if (!failed_) failed_at_ = frame_size_ - rest_.size();
        failed_ = true;
        rest_ = {};
    }

    bool failed() const { return failed_; }
    std::size_t failed_at() const { return failed_at_; }  ///< byte offset of the first failure
    std::size_t bytes_left() const { return rest_.size(); }

private:
    ByteView rest_;
    std::size_t frame_size_;
    std::size_t failed_at_ = 0;
    bool failed_ = false;
};

}  // namespace klamm::kafka
