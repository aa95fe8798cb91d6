#include "klamm/schema/avro/binary.h"

#include "klamm/base/utf8.h"
#include "klamm/schema/avro/model.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace klamm::schema::avro {

std::expected<ByteView, PayloadError> BinaryReader::take(std::uint64_t size,
                                                         std::string_view what) {
    if (size > rest_.size())
        return refuse("truncated", fmt::format("the payload ends inside {}: {} bytes belong to it, "
                                               "{} are left",
                                               what, size, rest_.size()));
    auto const taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
}

std::expected<bool, PayloadError> BinaryReader::read_boolean() {
    auto const byte = take(1, "a boolean");
    if (!byte) return std::unexpected(byte.error());
    auto const value = std::to_integer<unsigned>((*byte)[0]);
    if (value > 1)
        return refuse("boolean", "a boolean is the byte 0 or 1", fmt::format("{:#04x}", value));
    return value == 1;
}

std::expected<std::int64_t, PayloadError> BinaryReader::read_long(std::string_view what) {
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < 10; ++i) {
        if (i >= rest_.size())
            return refuse("truncated", fmt::format("the payload ends inside {}", what));
        auto const byte = std::to_integer<std::uint64_t>(rest_[i]);
        if (i == 9 && byte > 1) break;
        raw |= (byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) continue;
        rest_ = rest_.subspan(i + 1);
        return static_cast<std::int64_t>((raw >> 1) ^ (0 - (raw & 1)));
    }
    return refuse("varint", fmt::format("{} of more than 64 bits", what));
}

std::expected<std::int32_t, PayloadError> BinaryReader::read_int() {
    auto const value = read_long("an int");
    if (!value) return std::unexpected(value.error());
    if (*value != static_cast<std::int32_t>(*value))
        return refuse("varint", "an int of more than 32 bits", std::to_string(*value));
    return static_cast<std::int32_t>(*value);
}

std::expected<float, PayloadError> BinaryReader::read_float() {
    auto const bytes = take(4, "a float");
    if (!bytes) return std::unexpected(bytes.error());
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i)
        bits |= std::to_integer<std::uint32_t>((*bytes)[i]) << (8 * i);
    return std::bit_cast<float>(bits);
}

std::expected<double, PayloadError> BinaryReader::read_double() {
    auto const bytes = take(8, "a double");
    if (!bytes) return std::unexpected(bytes.error());
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i)
        bits |= std::to_integer<std::uint64_t>((*bytes)[i]) << (8 * i);
    return std::bit_cast<double>(bits);
}

std::expected<std::size_t, PayloadError> BinaryReader::read_index(std::size_t count,
                                                                  std::string_view what) {
    auto const index = read_long(fmt::format("the index of a {}", what));
    if (!index) return std::unexpected(index.error());
    if (*index < 0 || static_cast<std::uint64_t>(*index) >= count)
        return refuse(
            what == "symbol" ? "enum" : "union",
            fmt::format("there is no {} of index {}: the schema has {}", what, *index, count),
            std::to_string(*index));
    return static_cast<std::size_t>(*index);
}

std::expected<ByteView, PayloadError> BinaryReader::read_bytes(std::string_view what) {
    auto const size = read_long(fmt::format("the length of {}", what));
    if (!size) return std::unexpected(size.error());
    if (*size < 0)
        return refuse("length", fmt::format("{} of {} bytes", what, *size), std::to_string(*size));
    return take(static_cast<std::uint64_t>(*size), what);
}

std::expected<std::string_view, PayloadError> BinaryReader::read_string() {
    auto const bytes = read_bytes("a string");
    if (!bytes) return std::unexpected(bytes.error());
    if (!is_utf8(*bytes)) return refuse("utf8", "a string that is no UTF-8");
    return std::string_view(reinterpret_cast<char const*>(bytes->data()), bytes->size());
}

std::expected<BinaryReader::Block, PayloadError> BinaryReader::read_block(
    std::uint64_t element_fewest) {
    auto const given = read_long("the number of elements");
    if (!given) return std::unexpected(given.error());
    Block block;
    block.count =
        *given < 0 ? 0 - static_cast<std::uint64_t>(*given) : static_cast<std::uint64_t>(*given);
    if (*given < 0) {
        auto const size = read_long("the size of a block");
        if (!size) return std::unexpected(size.error());
        if (*size < 0 || static_cast<std::uint64_t>(*size) > left())
            return refuse("length",
                          fmt::format("a block of {} bytes, where {} are left", *size, left()),
                          std::to_string(*size));
        block.sized = true;
        block.left_after = left() - static_cast<std::size_t>(*size);
    }
    if (element_fewest == 0) {
        empty_ += std::min<std::uint64_t>(block.count, limits::empty_elements + 1);
        if (empty_ > limits::empty_elements)
            return refuse("size", fmt::format("more than {} elements that take no bytes",
                                              limits::empty_elements));
    } else if (block.count > left() / element_fewest) {
        return refuse("truncated", fmt::format("{} elements are announced, and {} bytes are left",
                                               block.count, left()));
    }
    return block;
}

std::expected<void, PayloadError> BinaryReader::end_block(Block const& block) const {
    if (block.sized && left() != block.left_after)
        return refuse("length", "a block of elements does not have the size that it announced");
    return {};
}

void append_long(Bytes& out, std::int64_t value) {
    auto folded =
        (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    for (; folded >= 0x80; folded >>= 7) out.push_back(static_cast<std::byte>(folded | 0x80));
    out.push_back(static_cast<std::byte>(folded));
}

void append_bytes(Bytes& out, ByteView bytes) {
    append_long(out, static_cast<std::int64_t>(bytes.size()));
    auto const before = out.size();
    out.resize(before + bytes.size());
    if (!bytes.empty()) std::memcpy(out.data() + before, bytes.data(), bytes.size());
}

}  // namespace klamm::schema::avro
