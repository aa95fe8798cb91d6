// journal/frame.h - what stands in a segment file, byte by byte. doc/formats/segment.md explains.
//
//   segment:  [segment header 64][frame][frame]...[frame][mark]  stale or zero bytes  [reserved
//   512] frame:    [frame header 48][body][head][zeros to a multiple of 8]
//
// All numbers are little-endian. No frame header crosses the border of a sector, so each is on
// disk whole or not at all; `header_place` says where the next one goes.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/journal.h"
#include "klamm/seams/files.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace klamm::journal {

inline constexpr std::uint64_t segment_header_bytes = 64;
inline constexpr std::uint64_t frame_header_bytes = 48;
/// Behind the last frame there is always room for a mark, and for the zeros around it.
inline constexpr std::uint64_t segment_reserved_bytes = seams::sector_bytes;
inline constexpr std::uint32_t segment_version = 1;

struct SegmentHeader {
    std::uint32_t version = segment_version;
    std::uint64_t number = 0;
    std::uint64_t segment_bytes = 0;
    std::uint64_t id = 0;  ///< of this use of the file; every frame repeats it
    Position continues{};  ///< the end of the last frame of the segment before
    Position durable{};    ///< as known when this was written
    bool fresh = false;    ///< the file held zeros and nothing else when it was begun
    bool operator==(SegmentHeader const&) const = default;
};

struct FrameHeader {
    enum class Kind : std::uint32_t {
        entry = 0x31454c4b,  ///< "KLE1"
        mark = 0x314d4c4b,   ///< "KLM1": nothing but the durable position; the next frame's place
    };
    Kind kind = Kind::entry;
    std::uint32_t head_bytes = 0;
    std::uint32_t body_bytes = 0;
    std::uint32_t head_crc = 0;  ///< of head and the zeros behind it
    std::uint32_t body_crc = 0;
    Position position{};
    Position durable{};  ///< as known when this was written
    std::uint64_t segment_id = 0;
    bool operator==(FrameHeader const&) const = default;

    std::uint64_t bytes() const;  ///< of the whole frame
};

using SegmentHeaderBytes = std::array<std::byte, segment_header_bytes>;
using FrameHeaderBytes = std::array<std::byte, frame_header_bytes>;

SegmentHeaderBytes encode(SegmentHeader const& header);
FrameHeaderBytes encode(FrameHeader const& header);

/// None when the checksum differs or this is no such thing at all.
std::optional<SegmentHeader> decode_segment_header(ByteView bytes);
std::optional<FrameHeader> decode_frame_header(ByteView bytes);

constexpr std::uint64_t frame_bytes(std::uint64_t head_bytes, std::uint64_t body_bytes) {
    return (frame_header_bytes + head_bytes + body_bytes + 7) / 8 * 8;
}

/// The first offset at or behind `offset` (a multiple of 8) where a frame header may begin.
constexpr std::uint64_t header_place(std::uint64_t offset) {
    auto const room = seams::sector_bytes - offset % seams::sector_bytes;
    return room < frame_header_bytes ? offset + room : offset;
}

/// Null, or what of the frame `whole` does not fit its header: "body" or "head".
char const* wrong_part(FrameHeader const& header, ByteView whole);

inline ByteView body_of(FrameHeader const& header, ByteView whole) {
    return whole.subspan(frame_header_bytes, header.body_bytes);
}
inline ByteView head_of(FrameHeader const& header, ByteView whole) {
    return whole.subspan(frame_header_bytes + header.body_bytes, header.head_bytes);
}

bool all_zero(ByteView bytes);

}  // namespace klamm::journal
