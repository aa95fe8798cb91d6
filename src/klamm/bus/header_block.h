// bus/header_block.h - headers that are written once, as a record has them on the wire.
//
// Each event that is sent has some ten of them, which nobody looks at any more: as bytes they are
// one allocation, and one copy into the batch.
//
//     each: name (length, bytes), value (length, or -1: null; bytes); lengths are zigzag varints
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/records/record.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace klamm::bus {

/// Calls `see(name, value)` with each of `count` headers in that form, which were checked before.
template <class See>
void each_header(ByteView bytes, std::int32_t count, See see) {
    auto const text = [](ByteView view) {
        return std::string_view(reinterpret_cast<char const*>(view.data()), view.size());
    };
    records::VarintReader in{bytes};
    for (; count > 0; --count) {
        auto const header = records::take_header(in);
        std::optional<std::string_view> value;
        if (header.value) value = text(*header.value);
        see(text(header.key), value);
    }
    ensure(!in.failed());
}

class HeaderBlock {
public:
    /// At most so many bytes are added to what a header's name and value have.
    static constexpr std::size_t numbers_bytes_max = 10;

    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    void add(std::string_view name, std::optional<std::string_view> value);

    bool empty() const { return count_ == 0; }
    std::int32_t count() const { return count_; }
    std::string_view bytes() const { return bytes_; }
    template <class See>
    void each(See see) const {
        each_header(std::as_bytes(std::span{bytes_}), count_, std::move(see));
    }

    bool operator==(HeaderBlock const&) const = default;

private:
    void add_length(std::int64_t length);

    std::string bytes_;
    std::int32_t count_ = 0;
};

}  // namespace klamm::bus
