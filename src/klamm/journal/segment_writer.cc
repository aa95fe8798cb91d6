#include "klamm/journal/segment_writer.h"

#include "klamm/base/crc32c.h"

#include <array>
#include <utility>

namespace klamm::journal {
namespace {

constexpr std::array<std::byte, seams::page_bytes + seams::sector_bytes> zeros{};

/// Zeros that fill the last page up to its end, with room for a mark: a page that is written whole
/// need not be read first, and the page cache does not have those of a new or recycled segment.
ByteView rest_of_page(std::uint64_t offset) {
    auto const end = header_place(offset) + frame_header_bytes;
    auto const pages = (end + seams::page_bytes - 1) / seams::page_bytes;
    return ByteView{zeros}.first(pages * seams::page_bytes - offset);
}

}  // namespace

void SegmentWriter::start(SegmentFiles::File file, std::uint64_t segment_bytes,
                          Recovered const& recovered) {
    file_ = std::move(file);
    segment_bytes_ = segment_bytes;
    written_ = std::to_underlying(recovered.end);
    number_ = written_ / segment_bytes;
    id_ = recovered.begun ? recovered.id : 0;
}

/// Fills parts_ with the frames of `run`, and the gaps between them.
void SegmentWriter::collect(std::span<Pending const> run, Position durable) {
    headers_.clear();
    headers_.reserve(run.size());  // parts_ point into it
    auto at = run.front().position;
    for (auto const& [position, entry] : run) {
        parts_.push_back(ByteView{zeros}.first(position - at));
        auto const bytes = frame_bytes(entry.head.size(), entry.body.size());
        auto const padding = ByteView{zeros}.first(bytes - frame_header_bytes - entry.head.size() -
                                                   entry.body.size());
        FrameHeader header;
        header.head_bytes = std::uint32_t(entry.head.size());
        header.body_bytes = std::uint32_t(entry.body.size());
        header.head_crc = crc32c(padding, crc32c(entry.head));
        header.body_crc = crc32c(entry.body.view());
        header.position = Position{position};
        header.durable = durable;
        header.segment_id = id_;
        headers_.push_back(encode(header));
        parts_.insert(parts_.end(), {headers_.back(), entry.body.view(), entry.head, padding});
        at = position + bytes;
    }
    parts_.push_back(rest_of_page(at % segment_bytes_));
    std::erase_if(parts_, [](ByteView part) { return part.empty(); });
}

std::expected<void, seams::FileError> SegmentWriter::write(std::span<Pending const> run,
                                                           Position durable, bool fresh) {
    auto const number = run.front().position / segment_bytes_;
    auto const offset = run.front().position % segment_bytes_;
    if (number != number_) {
        auto file = files_.open(number);
        if (!file) return std::unexpected(file.error());
        file_ = std::move(*file);
        number_ = number;
        id_ = 0;
    }
    unsynced_.push_back(file_);
    parts_.clear();
    auto from = offset;
    if (offset == segment_header_bytes && id_ == 0) {
        do id_ = ids_.next();
        while (id_ == 0);
        segment_header_ = encode(SegmentHeader{segment_version, number, segment_bytes_, id_,
                                               Position{written_}, durable, fresh});
        parts_.push_back(segment_header_);
        from = 0;
    }
    collect(run, durable);
    if (auto done = file_->pwritev(parts_, from); !done) return done;
    auto const& [position, last] = run.back();
    written_ = position + frame_bytes(last.head.size(), last.body.size());
    bytes_ += written_ - (number * segment_bytes_ + from);
    return {};
}

std::expected<void, seams::FileError> SegmentWriter::sync() {
    for (auto const& file : unsynced_) {
        if (auto done = file->sync(); !done) return done;
    }
    unsynced_.clear();
    return {};
}

std::expected<void, seams::FileError> SegmentWriter::write_mark(Position durable) {
    auto const offset = header_place(written_ % segment_bytes_);
    FrameHeader mark;
    mark.kind = FrameHeader::Kind::mark;
    mark.position = Position{number_ * segment_bytes_ + offset};
    mark.durable = durable;
    mark.segment_id = id_;
    auto const bytes = encode(mark);
    std::array const parts{ByteView{bytes}};
    return file_->pwritev(parts, offset);
}

}  // namespace klamm::journal
