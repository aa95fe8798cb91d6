// journal/little.h - little-endian numbers, one behind the other, and checksums of what is before.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/base/crc32c.h"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

namespace klamm::journal {

template <std::integral T>
T little(T value) {
    return std::endian::native == std::endian::little ? value : std::byteswap(value);
}

/// Requires room for all that is put.
class LittleWriter {
public:
    explicit LittleWriter(std::span<std::byte> into) : into_(into) {}
    template <std::integral T>
    void put(T value) {
        value = little(value);
        std::memcpy(into_.data() + at_, &value, sizeof value);
        at_ += sizeof value;
    }
    void put_crc() { put(crc32c(into_.first(at_))); }

private:
    std::span<std::byte> into_;
    std::size_t at_ = 0;
};

/// Requires that all that is got is there.
class LittleReader {
public:
    explicit LittleReader(ByteView from) : from_(from) {}
    template <std::integral T>
    T get() {
        T value;
        std::memcpy(&value, from_.data() + at_, sizeof value);
        at_ += sizeof value;
        return little(value);
    }
    bool crc_fits() {
        auto const computed = crc32c(from_.first(at_));
        return get<std::uint32_t>() == computed;
    }

private:
    ByteView from_;
    std::size_t at_ = 0;
};

}  // namespace klamm::journal
