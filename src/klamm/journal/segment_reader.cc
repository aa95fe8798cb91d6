#include "klamm/journal/segment_reader.h"

#include "klamm/base/ensure.h"

#include <algorithm>

namespace klamm::journal {

std::expected<ByteView, seams::FileError> SegmentReader::at(std::uint64_t offset,
                                                            std::uint64_t bytes) {
    ensure(offset <= segment_bytes_);
    ensure(bytes <= segment_bytes_ - offset);
    if (offset < window_at_ || offset + bytes > window_at_ + window_.size()) {
        window_.resize(std::min(std::max(window_bytes, bytes), segment_bytes_ - offset));
        window_at_ = offset;
        auto const got = file_.pread(window_, offset);
        if (!got) return std::unexpected(got.error());
        std::ranges::fill(std::span{window_}.subspan(*got), std::byte{0});
    }
    return ByteView{window_}.subspan(offset - window_at_, bytes);
}

std::expected<std::optional<FrameHeader>, seams::FileError> SegmentReader::frame_header(
    std::uint64_t offset, std::uint64_t id) {
    if (offset + frame_header_bytes > segment_bytes_) return std::nullopt;
    auto const bytes = at(offset, frame_header_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    auto const header = decode_frame_header(*bytes);
    if (!header || header->position != position(offset)) return std::nullopt;
    if (id != 0 && header->segment_id != id) return std::nullopt;
    if (header->bytes() > segment_bytes_ - offset) return std::nullopt;
    return header;
}

std::expected<SegmentReader::Remains, seams::FileError> SegmentReader::scan(std::uint64_t offset,
                                                                            std::uint64_t id) {
    constexpr std::uint64_t step = 4096;  // zeros are skipped in steps of this size
    Remains remains{Position{0}, offset, offset};
    auto const size = file_.size();
    if (!size) return std::unexpected(size.error());
    auto const end = std::min(*size, segment_bytes_);
    while (offset < end) {
        auto const until = std::min((offset / step + 1) * step, end);
        auto const block = at(offset, until - offset);
        if (!block) return std::unexpected(block.error());
        if (all_zero(*block)) {
            offset = until;
            continue;
        }
        auto const last = std::ranges::find_if(block->rbegin(), block->rend(),
                                               [](std::byte b) { return b != std::byte{0}; });
        remains.bytes_end = until - std::uint64_t(last - block->rbegin());
        for (auto place = header_place((offset + 7) / 8 * 8); place < until;
             place = header_place(place + 8)) {
            auto const header = frame_header(place, id);
            if (!header) return std::unexpected(header.error());
            if (!*header) continue;
            remains.durable_max = std::max(remains.durable_max, (*header)->durable);
            remains.frames_end = std::max(remains.frames_end, place + (*header)->bytes());
        }
        offset = until;
    }
    return remains;
}

}  // namespace klamm::journal
