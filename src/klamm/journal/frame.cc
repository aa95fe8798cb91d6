#include "klamm/journal/frame.h"

#include "klamm/base/crc32c.h"
#include "klamm/journal/little.h"

#include <utility>

namespace klamm::journal {
namespace {

constexpr std::uint32_t segment_magic = 0x31534c4b;  // "KLS1"

}  // namespace

std::uint64_t FrameHeader::bytes() const {
    return kind == Kind::mark ? frame_header_bytes : frame_bytes(head_bytes, body_bytes);
}

SegmentHeaderBytes encode(SegmentHeader const& header) {
    SegmentHeaderBytes bytes{};
    LittleWriter writer{bytes};
    writer.put(segment_magic);
    writer.put(header.version);
    writer.put(header.number);
    writer.put(header.segment_bytes);
    writer.put(header.id);
    writer.put(std::to_underlying(header.continues));
    writer.put(std::to_underlying(header.durable));
    writer.put(std::uint32_t{header.fresh});
    writer.put_crc();
    return bytes;
}

FrameHeaderBytes encode(FrameHeader const& header) {
    FrameHeaderBytes bytes{};
    LittleWriter writer{bytes};
    writer.put(std::to_underlying(header.kind));
    writer.put(header.head_bytes);
    writer.put(header.body_bytes);
    writer.put(header.head_crc);
    writer.put(header.body_crc);
    writer.put(std::to_underlying(header.position));
    writer.put(std::to_underlying(header.durable));
    writer.put(header.segment_id);
    writer.put_crc();
    return bytes;
}

std::optional<SegmentHeader> decode_segment_header(ByteView bytes) {
    if (bytes.size() < segment_header_bytes) return std::nullopt;
    LittleReader reader{bytes};
    if (reader.get<std::uint32_t>() != segment_magic) return std::nullopt;
    SegmentHeader header;
    header.version = reader.get<std::uint32_t>();
    header.number = reader.get<std::uint64_t>();
    header.segment_bytes = reader.get<std::uint64_t>();
    header.id = reader.get<std::uint64_t>();
    header.continues = Position{reader.get<std::uint64_t>()};
    header.durable = Position{reader.get<std::uint64_t>()};
    auto const flags = reader.get<std::uint32_t>();
    header.fresh = (flags & 1) != 0;
    if (!reader.crc_fits()) return std::nullopt;
    if (!all_zero(bytes.subspan(56, segment_header_bytes - 56))) return std::nullopt;
    if (header.id == 0) return std::nullopt;  // to a walk it would mean the frames of any segment
    return header;
}

std::optional<FrameHeader> decode_frame_header(ByteView bytes) {
    if (bytes.size() < frame_header_bytes) return std::nullopt;
    LittleReader reader{bytes};
    FrameHeader header;
    header.kind = FrameHeader::Kind{reader.get<std::uint32_t>()};
    if (header.kind != FrameHeader::Kind::entry && header.kind != FrameHeader::Kind::mark)
        return std::nullopt;
    header.head_bytes = reader.get<std::uint32_t>();
    header.body_bytes = reader.get<std::uint32_t>();
    header.head_crc = reader.get<std::uint32_t>();
    header.body_crc = reader.get<std::uint32_t>();
    header.position = Position{reader.get<std::uint64_t>()};
    header.durable = Position{reader.get<std::uint64_t>()};
    header.segment_id = reader.get<std::uint64_t>();
    if (!reader.crc_fits()) return std::nullopt;
    return header;
}

char const* wrong_part(FrameHeader const& header, ByteView whole) {
    if (crc32c(body_of(header, whole)) != header.body_crc) return "body";
    auto const head_and_padding = whole.subspan(frame_header_bytes + header.body_bytes);
    if (crc32c(head_and_padding) != header.head_crc) return "head";
    return nullptr;
}

bool all_zero(ByteView bytes) {
    if (bytes.empty()) return true;
    return bytes[0] == std::byte{0} &&
           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace klamm::journal
