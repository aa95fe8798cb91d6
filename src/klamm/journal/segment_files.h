// journal/segment_files.h - the segment files of a directory: named, made, recycled, opened.
//
// A file is called segment-<number>. A file under that name has its full size, except when
// somebody cut it; one that is being made is called segment.new until then. Files in use have
// consecutive numbers.
//
// Threads: any, except that make, recycle and remove belong to one at a time.
#pragma once

#include "klamm/journal/frame.h"
#include "klamm/seams/files.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace klamm::journal {

class SegmentFiles {
public:
    using FileError = seams::FileError;
    using File = std::shared_ptr<seams::File>;

    explicit SegmentFiles(seams::Directory& directory) : directory_(directory) {}

    /// The numbers there are, ascending. Removes what an interrupted make() left.
    [[nodiscard]] std::expected<std::vector<std::uint64_t>, FileError> list();

    /// A new file of zeros under the name of `number`, durably. The zeros are also written, so
    /// that later small writes are fast, until `hurry` says that there is no time for it or no use.
    [[nodiscard]] std::expected<void, FileError> make(std::uint64_t number, std::uint64_t bytes,
                                                      std::function<bool()> const& hurry);
    /// Gives the file of `from` the name of `to`, durably.
    [[nodiscard]] std::expected<void, FileError> recycle(std::uint64_t from, std::uint64_t to);
    [[nodiscard]] std::expected<void, FileError> remove(std::uint64_t number);

    [[nodiscard]] std::expected<File, FileError> open(std::uint64_t number);

    /// A segment that holds durable entries, for reading them.
    struct Readable {
        File file;
        std::uint64_t id = 0;
    };
    /// Opens the file if necessary; some are kept open. The error is a line that says why it
    /// cannot be read: missing, unreadable, or a header that is damaged.
    [[nodiscard]] std::expected<Readable, std::string> readable(std::uint64_t number);

    std::string path(std::uint64_t number) const;

private:
    struct Kept {
        Readable segment;
        std::uint64_t used = 0;
    };
    void forget(std::uint64_t number);

    static constexpr std::size_t kept_open_max = 64;

    seams::Directory& directory_;
    std::mutex mutex_;
    std::map<std::uint64_t, Kept> kept_;
    std::uint64_t uses_ = 0;
};

}  // namespace klamm::journal
