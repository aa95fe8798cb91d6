#include "klamm/journal/extent_file.h"

#include "klamm/base/crc32c.h"
#include "klamm/journal/little.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace klamm::journal {
namespace {

constexpr std::uint32_t header_magic = 0x3158'4c4b;  // "KLX1"
constexpr std::uint32_t block_magic = 0x3142'4c4b;   // "KLB1"
constexpr std::uint32_t footer_magic = 0x315a'4c4b;  // "KLZ1"
constexpr std::string_view name_prefix = "l1-";

}  // namespace

ExtentHeaderBytes encode(ExtentHeader const& header) {
    ExtentHeaderBytes bytes{};
    LittleWriter out{bytes};
    out.put(header_magic);
    out.put(header.version);
    out.put(std::to_underlying(header.number));
    out.put(std::uint64_t{0});
    out.put(std::uint32_t{0});
    out.put_crc();
    return bytes;
}

std::optional<ExtentHeader> decode_extent_header(ByteView bytes) {
    if (bytes.size() < extent_header_bytes) return std::nullopt;
    LittleReader in{bytes};
    if (in.get<std::uint32_t>() != header_magic) return std::nullopt;
    ExtentHeader header;
    header.version = in.get<std::uint32_t>();
    header.number = FileNumber{in.get<std::uint64_t>()};
    in.get<std::uint64_t>();
    in.get<std::uint32_t>();
    if (!in.crc_fits()) return std::nullopt;
    return header;
}

BlockHeaderBytes encode(BlockHeader const& header) {
    BlockHeaderBytes bytes{};
    LittleWriter out{bytes};
    out.put(block_magic);
    out.put(header.body_bytes);
    out.put(header.body_crc);
    out.put(header.label.owner);
    out.put(header.label.first);
    out.put(std::to_underlying(header.number));
    out.put(std::uint32_t{0});
    out.put_crc();
    return bytes;
}

std::optional<BlockHeader> decode_block_header(ByteView bytes) {
    if (bytes.size() < block_header_bytes) return std::nullopt;
    LittleReader in{bytes};
    if (in.get<std::uint32_t>() != block_magic) return std::nullopt;
    BlockHeader header;
    header.body_bytes = in.get<std::uint32_t>();
    header.body_crc = in.get<std::uint32_t>();
    header.label.owner = in.get<std::uint32_t>();
    header.label.first = in.get<std::int64_t>();
    header.number = FileNumber{in.get<std::uint64_t>()};
    in.get<std::uint32_t>();
    if (!in.crc_fits() || header.body_bytes > block_bytes_max) return std::nullopt;
    return header;
}

ExtentFooterBytes encode(ExtentFooter const& footer) {
    ExtentFooterBytes bytes{};
    LittleWriter out{bytes};
    out.put(footer_magic);
    out.put(footer.blocks);
    out.put(std::to_underlying(footer.number));
    out.put(footer.bytes);
    out.put(footer.headers_crc);
    out.put(std::uint64_t{0});
    out.put_crc();
    return bytes;
}

std::optional<ExtentFooter> decode_extent_footer(ByteView bytes) {
    if (bytes.size() < extent_footer_bytes) return std::nullopt;
    LittleReader in{bytes};
    if (in.get<std::uint32_t>() != footer_magic) return std::nullopt;
    ExtentFooter footer;
    footer.blocks = in.get<std::uint32_t>();
    footer.number = FileNumber{in.get<std::uint64_t>()};
    footer.bytes = in.get<std::uint64_t>();
    footer.headers_crc = in.get<std::uint32_t>();
    in.get<std::uint64_t>();
    if (!in.crc_fits()) return std::nullopt;
    return footer;
}

std::string extent_file_name(FileNumber number) {
    return fmt::format("{}{:012}", name_prefix, std::to_underlying(number));
}

std::optional<FileNumber> extent_file_number(std::string_view name) {
    if (!name.starts_with(name_prefix)) return std::nullopt;
    auto const digits = name.substr(name_prefix.size());
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || number == 0 || extent_file_name(FileNumber{number}) != name)
        return std::nullopt;
    return FileNumber{number};
}

std::expected<std::vector<FoundBlock>, std::string> walk_extent_file(ByteView file) {
    auto const differs = [](std::uint64_t at, std::string_view what) {
        return std::unexpected(fmt::format("byte {}: {}", at, what));
    };
    auto const header = decode_extent_header(file);
    if (!header) return differs(0, "the file's header is damaged");
    if (header->version != extent_version)
        return differs(4, fmt::format("version {} is not known", header->version));
    if (file.size() < extent_header_bytes + extent_footer_bytes)
        return differs(file.size(), "the file ends without a footer");
    auto const end = file.size() - extent_footer_bytes;
    auto const footer = decode_extent_footer(file.subspan(end));
    if (!footer) return differs(end, "the footer is damaged");

    std::vector<FoundBlock> blocks;
    std::uint32_t headers_crc = 0;
    for (std::uint64_t at = extent_header_bytes; at < end;) {
        auto const room = file.subspan(at, end - at);
        auto const block = decode_block_header(room);
        if (!block) return differs(at, "the header of this block is damaged");
        if (block->number != header->number) return differs(at, "this block is of another file");
        if (block->body_bytes > room.size() - block_header_bytes)
            return differs(at, "this block is longer than the file");
        auto const body = room.subspan(block_header_bytes, block->body_bytes);
        if (crc32c(body) != block->body_crc)
            return differs(at, "the checksum of this block's body differs");
        headers_crc = crc32c(room.first(block_header_bytes), headers_crc);
        blocks.push_back({*block, at});
        at += block_header_bytes + body.size();
    }
    if (footer->number != header->number || footer->bytes != file.size() ||
        footer->blocks != blocks.size() || footer->headers_crc != headers_crc)
        return differs(end, "the footer does not fit the blocks");
    return blocks;
}

}  // namespace klamm::journal
