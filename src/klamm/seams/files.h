// seams/files.h - the files of one directory, as a journal needs them: no more than that.
//
// Two worlds implement it: host/files.h with system calls, sim/disk.h with a simulated disk that
// loses what was not synced. What holds in both:
//
//   1. Written bytes are durable after sync() of their file returned; a name (create, rename,
//      remove) is durable after sync() of the directory returned. Until then a crash keeps or
//      loses them in any combination of 512-byte sectors, never a part of a sector.
//   2. A sync that failed says nothing about what is durable; it must not be tried again.
//   3. Space that allocate() gave cannot run out: writing into it never fails with `full`.
//   4. A File stays usable after its name was changed or removed.
//
// Threads: a File may be read by any number of threads while one writes; a Directory may be used
// by any thread.
#pragma once

#include "klamm/base/bytes.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::seams {

/// What reaches the disk whole or not at all.
inline constexpr std::uint64_t sector_bytes = 512;
/// What a system caches of a file whole or not at all.
inline constexpr std::uint64_t page_bytes = 4096;

struct FileError {
    enum class Kind : std::uint8_t {
        not_found,
        exists,
        full,    ///< No space, or a quota is used up. Nothing harmful happened.
        locked,  ///< Another process holds the lock.
        io,      ///< Anything else: the disk failed, rights are missing.
    };
    Kind kind{};
    std::string what;  ///< one line that names the operation, the file and the reason
};

class File {
public:
    File() = default;
    File(File const&) = delete;
    File& operator=(File const&) = delete;
    virtual ~File() = default;

    /// Reads into all of `into`; fewer bytes only where the file ends. Returns their number.
    [[nodiscard]] virtual std::expected<std::size_t, FileError> pread(std::span<std::byte> into,
                                                                      std::uint64_t offset) = 0;
    /// Writes all `parts`, one behind the other; any number of parts.
    [[nodiscard]] virtual std::expected<void, FileError> pwritev(std::span<ByteView const> parts,
                                                                 std::uint64_t offset) = 0;
    /// Makes the bytes and the size durable (fdatasync).
    [[nodiscard]] virtual std::expected<void, FileError> sync() = 0;
    /// Reserves space up to `bytes`, the new size if the file was shorter; new bytes read as zero.
    /// Fast: the disk may still pay for each first write into the new space.
    [[nodiscard]] virtual std::expected<void, FileError> allocate(std::uint64_t bytes) = 0;
    /// Writes zeros, after which writing to this range costs no bookkeeping any more.
    [[nodiscard]] virtual std::expected<void, FileError> zero(std::uint64_t offset,
                                                              std::uint64_t bytes) = 0;
    [[nodiscard]] virtual std::expected<std::uint64_t, FileError> size() = 0;
};

/// Held as long as it lives; released by a crash.
class Lock {
public:
    Lock() = default;
    Lock(Lock const&) = delete;
    Lock& operator=(Lock const&) = delete;
    virtual ~Lock() = default;
};

class Directory {
public:
    Directory() = default;
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;
    virtual ~Directory() = default;

    /// For reading and writing. `not_found` when there is none.
    [[nodiscard]] virtual std::expected<std::unique_ptr<File>, FileError> open(
        std::string_view name) = 0;
    /// An empty file. `exists` when there is one already.
    [[nodiscard]] virtual std::expected<std::unique_ptr<File>, FileError> create(
        std::string_view name) = 0;
    /// The names of all files, sorted.
    [[nodiscard]] virtual std::expected<std::vector<std::string>, FileError> list() = 0;
    [[nodiscard]] virtual std::expected<void, FileError> remove(std::string_view name) = 0;
    /// Replaces a file that had the new name, atomically.
    [[nodiscard]] virtual std::expected<void, FileError> rename(std::string_view from,
                                                                std::string_view to) = 0;
    /// Makes created, renamed and removed names durable.
    [[nodiscard]] virtual std::expected<void, FileError> sync() = 0;
    /// At most one holder among all processes; `locked` says who, when that is known.
    [[nodiscard]] virtual std::expected<std::unique_ptr<Lock>, FileError> lock(
        std::string_view name) = 0;
    [[nodiscard]] virtual std::expected<std::uint64_t, FileError> free_bytes() = 0;

    /// How messages call the file: a path that a person can paste.
    virtual std::string path_of(std::string_view name) const = 0;
};

}  // namespace klamm::seams
