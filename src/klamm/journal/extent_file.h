// journal/extent_file.h - what stands in an L1 file, byte by byte. doc/formats/l1.md explains.
//
//   file:   [header 32][block][block]...[block][footer 40]
//   block:  [block header 40][body]
//
// All numbers are little-endian, all checksums CRC-32C.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/extents.h"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::journal {

inline constexpr std::uint64_t extent_header_bytes = 32;
inline constexpr std::uint64_t block_header_bytes = 40;
inline constexpr std::uint64_t extent_footer_bytes = 40;
inline constexpr std::uint32_t extent_version = 1;

struct ExtentHeader {
    std::uint32_t version = extent_version;
    FileNumber number{};
    bool operator==(ExtentHeader const&) const = default;
};

struct BlockHeader {
    BlockLabel label;
    FileNumber number{};  ///< of the file
    std::uint32_t body_bytes = 0;
    std::uint32_t body_crc = 0;
    bool operator==(BlockHeader const&) const = default;
};

struct ExtentFooter {
    FileNumber number{};
    std::uint64_t bytes = 0;        ///< of the whole file
    std::uint32_t blocks = 0;       ///< how many
    std::uint32_t headers_crc = 0;  ///< of all block headers, one behind the other
    bool operator==(ExtentFooter const&) const = default;
};

using ExtentHeaderBytes = std::array<std::byte, extent_header_bytes>;
using BlockHeaderBytes = std::array<std::byte, block_header_bytes>;
using ExtentFooterBytes = std::array<std::byte, extent_footer_bytes>;

ExtentHeaderBytes encode(ExtentHeader const& header);
BlockHeaderBytes encode(BlockHeader const& header);
ExtentFooterBytes encode(ExtentFooter const& footer);

/// None when the checksum differs or this is no such thing at all.
std::optional<ExtentHeader> decode_extent_header(ByteView bytes);
std::optional<BlockHeader> decode_block_header(ByteView bytes);
std::optional<ExtentFooter> decode_extent_footer(ByteView bytes);

/// "l1-000000000007"
std::string extent_file_name(FileNumber number);
/// None for other files.
std::optional<FileNumber> extent_file_number(std::string_view name);

/// A block as it was found in a file.
struct FoundBlock {
    BlockHeader header;
    std::uint64_t offset = 0;
};
/// Every block of a whole file, each checked to its last byte; the error says at which byte what
/// differs.
[[nodiscard]] std::expected<std::vector<FoundBlock>, std::string> walk_extent_file(ByteView file);

}  // namespace klamm::journal
