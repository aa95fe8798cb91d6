// journal/segment_writer.h - entries written into segments: headers, gaps, marks.
//
// Thread: the journal's, all functions.
#pragma once

#include "klamm/base/random.h"
#include "klamm/journal/frame.h"
#include "klamm/journal/recovery.h"
#include "klamm/journal/segment_files.h"

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

namespace klamm::journal {

/// An entry that has its place and is not written yet.
struct Pending {
    std::uint64_t position = 0;
    Entry entry;
};

class SegmentWriter {
public:
    SegmentWriter(SegmentFiles& files, std::uint64_t seed) : files_(files), ids_(seed) {}

    /// Goes on where `recovered` ends, in `file`.
    void start(SegmentFiles::File file, std::uint64_t segment_bytes, Recovered const& recovered);

    /// Writes entries that lie in one segment, with one call; begins the segment when these are
    /// its first. `fresh`: its file held only zeros until now.
    [[nodiscard]] std::expected<void, seams::FileError> write(std::span<Pending const> run,
                                                              Position durable, bool fresh);
    /// Makes durable what was written since the last call: one sync, unless a border was crossed.
    [[nodiscard]] std::expected<void, seams::FileError> sync();
    /// Says behind the last frame what is durable. Not synced; the next frame overwrites it.
    [[nodiscard]] std::expected<void, seams::FileError> write_mark(Position durable);

    std::uint64_t written() const { return written_; }  ///< the end of the last frame
    std::uint64_t bytes() const { return bytes_; }      ///< written since the start

private:
    void collect(std::span<Pending const> run, Position durable);

    SegmentFiles& files_;
    Random ids_;
    std::uint64_t segment_bytes_ = 0;
    SegmentFiles::File file_;  ///< of the segment that was written last
    std::uint64_t number_ = 0;
    std::uint64_t id_ = 0;  ///< of that segment; 0: not begun
    std::uint64_t written_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<SegmentFiles::File> unsynced_;
    std::vector<FrameHeaderBytes> headers_;
    std::vector<ByteView> parts_;
    SegmentHeaderBytes segment_header_{};
};

}  // namespace klamm::journal
