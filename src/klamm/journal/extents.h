// journal/extents.h - L1: what the journal's segments are needed for no longer, in files of its
// own.
//
// A file is written once, from front to end, and never changed. It holds blocks: each one a run
// of bytes that belongs to one owner (a partition) and starts at one of its offsets.
//
//     ┌──────┬───────┬───────┬───────┬───────┬──────┐
//     │header│ block │ block │ block │  ...  │footer│
//     └──────┴───────┴───────┴───────┴───────┴──────┘
//              owner 5         owner 9               all blocks of an owner stand together
//
// Which blocks there are, and which files are needed, is not decided here: the broker's state says
// so. A file that it does not name is of no use to anybody and is removed.
//
// Invariants, held by every implementation:
//   1. finish() returned: the file survives a crash, whole. Before, nothing of it may be relied on.
//   2. read() gives the bytes that were written, or says that they are damaged, or that the file is
//      not there; never anything else.
//   3. The space that is left to the journal is never used: `room` ends before.
//
// Implementations, all held to journal/extents_conformance.h: MemoryExtents, DiskExtents
// (doc/formats/l1.md).
//
// Threads: `read` any number; all else one at a time.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/journal.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace klamm::journal {

/// Names a file. Counts up; 0 names none.
enum class FileNumber : std::uint64_t {};

/// What a block says of itself.
struct BlockLabel {
    std::uint32_t owner = 0;
    std::int64_t first = 0;
    bool operator==(BlockLabel const&) const = default;
};

/// Where a block is, as write() told.
struct BlockPlace {
    FileNumber file{};
    std::uint64_t offset = 0;  ///< of its header in the file
    std::uint32_t bytes = 0;   ///< of its body
    bool operator==(BlockPlace const&) const = default;
};

/// A larger block is damage, or a mistake.
inline constexpr std::uint32_t block_bytes_max = 64 * 1024 * 1024;

/// A file that is being written. Gone without a trace if it is destroyed before finish(), as far
/// as that can be: remove what remains.
class ExtentWriter {
public:
    ExtentWriter() = default;
    ExtentWriter(ExtentWriter const&) = delete;
    ExtentWriter& operator=(ExtentWriter const&) = delete;
    virtual ~ExtentWriter() = default;

    /// Adds a block of all `parts`. `full`: no space. `failed`: the disk failed. After either the
    /// file is of no use.
    [[nodiscard]] virtual std::expected<BlockPlace, Error> write(
        BlockLabel const& label, std::span<ByteView const> parts) = 0;
    /// Bytes written so far, headers included.
    virtual std::uint64_t bytes() const = 0;
    /// Pushes what was written to the disk, so that finish() finds little to do. Blocks.
    [[nodiscard]] virtual std::expected<void, Error> flush() = 0;
    /// Makes the file durable under its name, and gives its size. Blocks.
    [[nodiscard]] virtual std::expected<std::uint64_t, Error> finish() = 0;
};

class ExtentStore {
public:
    ExtentStore() = default;
    ExtentStore(ExtentStore const&) = delete;
    ExtentStore& operator=(ExtentStore const&) = delete;
    virtual ~ExtentStore() = default;

    /// A new file. Requires that there is none with this number.
    [[nodiscard]] virtual std::expected<std::unique_ptr<ExtentWriter>, Error> create(
        FileNumber number) = 0;
    /// The body of a block, checked against its checksum, its label, and `place`. `trimmed`: there
    /// is no such file any more. `corrupt`: damaged, or the disk does not give it;
    /// `describe_last_damage` names file and byte.
    [[nodiscard]] virtual std::expected<Slice, Error> read(BlockPlace const& place,
                                                           BlockLabel const& label) = 0;
    /// Nothing when there is no such file. Readers that have begun are not disturbed.
    [[nodiscard]] virtual std::expected<void, Error> remove(FileNumber number) = 0;

    /// All files there are, ascending.
    [[nodiscard]] virtual std::expected<std::vector<FileNumber>, Error> list() = 0;
    /// Why the file cannot be one of `bytes` bytes that was finished: missing, of another size, or
    /// its header or footer is damaged. Reads only these two.
    [[nodiscard]] virtual std::expected<void, std::string> check(FileNumber number,
                                                                 std::uint64_t bytes) = 0;
    /// How many bytes may be written now.
    virtual std::uint64_t room() = 0;

    /// Empty, or one line that names file, offset and what differs, for the log.
    virtual std::string describe_last_damage() const = 0;
};

}  // namespace klamm::journal
