#include "klamm/bus/header_block.h"

namespace klamm::bus {

void HeaderBlock::add_length(std::int64_t length) {
    records::write_varlong(length, [this](std::byte byte) { bytes_ += char(byte); });
}

void HeaderBlock::add(std::string_view name, std::optional<std::string_view> value) {
    add_length(std::int64_t(name.size()));
    bytes_ += name;
    add_length(value ? std::int64_t(value->size()) : -1);
    if (value) bytes_ += *value;
    ++count_;
}

}  // namespace klamm::bus
