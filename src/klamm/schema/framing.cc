// Which schema a payload was written with: the registry's wire formats.
#include "klamm/schema/schema.h"

#include <fmt/format.h>

namespace klamm::schema {
namespace {

constexpr std::byte magic_id{0};
constexpr std::byte magic_guid{1};
constexpr std::size_t id_bytes = 4;
constexpr std::size_t guid_bytes = 16;
/// Deeper than any nesting of messages that a compiler takes.
constexpr std::size_t indexes_max = 64;

std::unexpected<PayloadError> refuse(std::string rule, std::string why) {
    return std::unexpected(PayloadError{.rule = std::move(rule), .why = std::move(why)});
}

/// A zigzag varint of 32 bits from the front.
std::expected<std::int32_t, PayloadError> read_varint(ByteView& bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        if (i >= bytes.size())
            return refuse("truncated", "the payload ends inside its message indexes");
        auto const byte = std::to_integer<std::uint64_t>(bytes[i]);
        value |= (byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) continue;
        if (value > 0xffffffff) break;
        bytes = bytes.subspan(i + 1);
        auto const folded = static_cast<std::uint32_t>(value);
        return static_cast<std::int32_t>((folded >> 1) ^ (0 - (folded & 1)));
    }
    return refuse("indexes", "a message index of more than 32 bits");
}

void write_varint(Bytes& out, std::int32_t value) {
    auto folded =
        (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
    for (; folded >= 0x80; folded >>= 7) out.push_back(static_cast<std::byte>(folded | 0x80));
    out.push_back(static_cast<std::byte>(folded));
}

}  // namespace

std::expected<Framing, PayloadError> read_framing(ByteView bytes) {
    if (bytes.empty())
        return refuse("framing", "empty: a schema id or GUID was expected at the front");
    if (bytes[0] == magic_id) {
        if (bytes.size() < 1 + id_bytes)
            return refuse("truncated", fmt::format("{} bytes: too short for magic byte and "
                                                   "schema id (5 bytes)",
                                                   bytes.size()));
        std::uint32_t id = 0;
        for (std::size_t i = 1; i <= id_bytes; ++i)
            id = id << 8 | std::to_integer<std::uint32_t>(bytes[i]);
        if (id == 0 || id > 0x7fffffff)
            return refuse("framing", fmt::format("{} is no schema id", id));
        return Framing{.id = static_cast<std::int32_t>(id), .prefix_bytes = 1 + id_bytes};
    }
    if (bytes[0] == magic_guid) {
        if (bytes.size() < 1 + guid_bytes)
            return refuse("truncated", fmt::format("{} bytes: too short for magic byte and schema "
                                                   "GUID (17 bytes)",
                                                   bytes.size()));
        std::string guid;
        for (std::size_t i = 0; i < guid_bytes; ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10) guid += '-';
            guid += fmt::format("{:02x}", std::to_integer<unsigned>(bytes[1 + i]));
        }
        return Framing{.guid = std::move(guid), .prefix_bytes = 1 + guid_bytes};
    }
    return refuse("framing", fmt::format("the first byte is {:#04x}: neither 0x00 (a schema id "
                                         "follows) nor 0x01 (a schema GUID)",
                                         std::to_integer<unsigned>(bytes[0])));
}

std::expected<MessageIndexes, PayloadError> read_indexes(ByteView& payload) {
    auto rest = payload;
    auto const count = read_varint(rest);
    if (!count) return std::unexpected(count.error());
    if (*count < 0 || static_cast<std::size_t>(*count) > indexes_max)
        return refuse("indexes", fmt::format("{} message indexes; from 0 to {} were expected",
                                             *count, indexes_max));
    MessageIndexes indexes;
    for (std::int32_t i = 0; i < *count; ++i) {
        auto const index = read_varint(rest);
        if (!index) return std::unexpected(index.error());
        if (*index < 0) return refuse("indexes", fmt::format("{} is no message index", *index));
        indexes.push_back(*index);
    }
    // A lone 0 is how the most frequent path, the first message, is written.
    if (indexes.empty()) indexes.push_back(0);
    payload = rest;
    return indexes;
}

Bytes write_framing(std::int32_t id, Type type, MessageIndexes const& indexes) {
    Bytes out{magic_id};
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>(static_cast<std::uint32_t>(id) >> shift));
    if (type != Type::protobuf) return out;
    bool const first = indexes.empty() || indexes == MessageIndexes{0};
    write_varint(out, first ? 0 : static_cast<std::int32_t>(indexes.size()));
    if (!first)
        for (auto const index : indexes) write_varint(out, index);
    return out;
}

}  // namespace klamm::schema
