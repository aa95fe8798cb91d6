// journal/segment_reader.h - one segment file read from the front to the back, in large pieces.
#pragma once

#include "klamm/journal/frame.h"
#include "klamm/seams/files.h"

#include <cstdint>
#include <expected>
#include <optional>

namespace klamm::journal {

/// Thread: one at a time. `file` must outlive it.
class SegmentReader {
public:
    SegmentReader(seams::File& file, std::uint64_t number, std::uint64_t segment_bytes)
        : file_(file), number_(number), segment_bytes_(segment_bytes) {}

    std::uint64_t number() const { return number_; }
    Position position(std::uint64_t offset) const {
        return Position{number_ * segment_bytes_ + offset};
    }

    /// The bytes of the segment at `offset`; zeros where the file ends too early. Valid until the
    /// next call. Requires that they lie inside the segment.
    [[nodiscard]] std::expected<ByteView, seams::FileError> at(std::uint64_t offset,
                                                               std::uint64_t bytes);

    /// The header of a frame that belongs to this very place; none when something else is there.
    /// `id` 0: of any use of this segment.
    [[nodiscard]] std::expected<std::optional<FrameHeader>, seams::FileError> frame_header(
        std::uint64_t offset, std::uint64_t id);

    /// What stands between `offset` and the end, in no order that can be relied on.
    struct Remains {
        Position durable_max{};      ///< that a frame here knew of; 0: none
        std::uint64_t frames_end{};  ///< offset behind the last frame; `offset` when there is none
        std::uint64_t bytes_end{};   ///< offset behind the last byte that is not zero
    };
    [[nodiscard]] std::expected<Remains, seams::FileError> scan(std::uint64_t offset,
                                                                std::uint64_t id);

private:
    static constexpr std::uint64_t window_bytes = 256 * 1024;

    seams::File& file_;
    std::uint64_t number_;
    std::uint64_t segment_bytes_;
    Bytes window_;
    std::uint64_t window_at_ = 0;
};

}  // namespace klamm::journal
