// bus/header_block.h - headers that are written once, as a record has them on the wire.
//
// Each event that is sent has some ten of them, which nobody looks at any more: as bytes they are
// one allocation, and one copy into the batch.
//
//     each: name (length, bytes), value (length, or -1: null; bytes); lengths are zigzag varints
#pragma once

#include "klamm/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::bus {

class HeaderBlock {
public:
    /// At most so many bytes are added to what a header's name and value have.
    static constexpr std::size_t numbers_bytes_max = 10;

    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    void add(std::string_view name, std::optional<std::string_view> value);

    bool empty() const { return count_ == 0; }
    std::int32_t count() const { return count_; }
    std::string_view bytes() const { return bytes_; }
    /// For those who look at them one by one.
    Headers headers() const;

    bool operator==(HeaderBlock const&) const = default;

private:
    void add(std::string_view text);

    std::string bytes_;
    std::int32_t count_ = 0;
};

}  // namespace klamm::bus
