#include "klamm/bus/header_block.h"

#include "klamm/base/ensure.h"
#include "klamm/records/record.h"

#include <span>

namespace klamm::bus {

void HeaderBlock::add(std::string_view text) {
    auto raw = std::uint64_t(text.size()) << 1;  // zigzag of what is not negative
    for (; raw >= 0x80; raw >>= 7) bytes_ += char(raw | 0x80);
    bytes_ += char(raw);
    bytes_ += text;
}

void HeaderBlock::add(std::string_view name, std::optional<std::string_view> value) {
    constexpr char null = 1;  // zigzag of -1
    add(name);
    if (value)
        add(*value);
    else
        bytes_ += null;
    ++count_;
}

Headers HeaderBlock::headers() const {
    Headers headers;
    headers.reserve(std::size_t(count_));
    records::VarintReader in{std::as_bytes(std::span{bytes_})};
    auto const text = [](ByteView bytes) {
        return std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    };
    for (auto left = count_; left > 0; --left) {
        auto const view = records::take_header(in);
        auto& header = headers.emplace_back(Header{text(view.key), std::nullopt});
        if (view.value) header.value = text(*view.value);
    }
    ensure(!in.failed());
    return headers;
}

}  // namespace klamm::bus
