// journal/disk_journal.h - the journal on files: segments, group commit, checkpoints.
//
//   segment-N            segment-N+1           segment-N+2
//   ┌──────────────────┐ ┌──────────────────┐  ┌──────────────────┐
//   │##################│ │########|         │  │      ready       │   prepare() keeps some ahead
//   └──────────────────┘ └──────────────────┘  └──────────────────┘
//    reads come from here    append, commit
//
// A position is a byte address: number of the segment × segment_bytes + offset in it. So an entry
// is found without any index. Formats: doc/formats/segment.md, doc/formats/checkpoint.md.
//
// Threads: as in journal.h. prepare() belongs to one thread, which need not be that of save().
#pragma once

#include "klamm/journal/journal.h"
#include "klamm/seams/files.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace klamm::journal {

struct DiskOptions {
    /// Names the segments of this opening. Must differ each time the same directory is opened,
    /// so that bytes which a crash left behind are never taken for new ones.
    std::uint64_t seed = 0;
    /// For a new journal; one that exists keeps what it was made with. A multiple of 4096, with
    /// room for the largest entry that will be appended.
    std::uint64_t segment_bytes = 64 * 1024 * 1024;
    std::uint32_t segments_ahead = 2;      ///< that prepare() keeps ready
    std::uint32_t segments_ahead_max = 8;  ///< recycled ones beyond this are removed
    std::uint64_t cache_bytes = 64 * 1024 * 1024;
    std::uint64_t free_bytes_min = 64 * 1024 * 1024;  ///< left on the disk, for checkpoints
};

/// Why a directory cannot be opened as a journal.
struct OpenError {
    enum class Kind : std::uint8_t {
        locked,       ///< another process has it
        full,         ///< no space for the first segment
        damaged,      ///< stored bytes differ from what was written
        unsupported,  ///< written by a version that this one does not know
        io,           ///< anything else that the disk or the system said
    };
    Kind kind{};
    std::string message;  ///< names file and byte, what differs, and what to do
};

/// What opening found.
struct OpenReport {
    std::uint64_t entries = 0;       ///< replayed, behind the checkpoint
    std::uint64_t bytes = 0;         ///< read to do so
    std::uint64_t torn_bytes = 0;    ///< cut: written before the crash, never acknowledged
    Position checkpoint{};           ///< what the checkpoint covers; 0: there was none
    std::vector<std::string> notes;  ///< one line each, for the log: what was cut, what was damaged
};

/// Counters since opening, for metrics.
struct DiskStats {
    std::uint64_t commits = 0;  ///< that wrote something; each synced once or twice
    std::uint64_t bytes_written = 0;
    std::uint64_t segments = 0;        ///< that hold entries
    std::uint64_t segments_ready = 0;  ///< ahead
    std::uint64_t bytes_waiting = 0;   ///< appended, not yet durable
    std::uint64_t cache_bytes = 0;
    std::uint64_t checkpoints = 0;  ///< saved
};

class DiskJournal : public Journal {
public:
    /// Keeps segments ready ahead of the appends: recycles those that are needed no longer, makes
    /// new ones, gives space back. Blocks; does nothing when there is nothing to do. To be called
    /// whenever wants_prepare() says so. `full`: try again later; `failed`: stop the process.
    [[nodiscard]] virtual std::expected<void, Error> prepare() = 0;
    /// Cheap; any thread.
    virtual bool wants_prepare() const = 0;
    /// The process is about to end: prepare() returns soon, and does nothing any more. Any thread.
    virtual void end_prepare() = 0;
    virtual DiskStats stats() const = 0;
    virtual OpenReport const& opened() const = 0;
};

/// Opens the journal in `directory`, or makes one, and replays it. Holds the directory's lock
/// until the journal is gone. `directory` must live longer than the journal.
[[nodiscard]] std::expected<std::unique_ptr<DiskJournal>, OpenError> open_disk_journal(
    seams::Directory& directory, DiskOptions const& options, Replay const& replay);

}  // namespace klamm::journal
