// journal/journal.h - the durable append substrate: everything that must survive a crash.
//
// A journal is one sequence of opaque entries. A position is a byte address: it grows, and is
// never used twice.
//
//      first                 durable              next
//        |                      |                   |
//   ─────┼──────────────────────┼───────────────────┼─────▶ position
//  trimmed     survives a crash      may be lost       not written yet
//
// Invariants, held by every implementation and checked after each step of the simulation:
//   1. first <= durable <= next.
//   2. Durability is a prefix: when an entry survives a crash, so does every entry between
//      `first` and it.
//   3. An entry never changes: a position reads the same bytes until it is trimmed.
//   4. A checkpoint that was saved is found again, or the one before it, and every entry from
//      the position that it covers on.
//
// Implementations, all held to journal/conformance.h: MemoryJournal (tests, `--memory`),
// DiskJournal (segments and fdatasync; doc/formats/segment.md).
//
// Threads: `append` and `trim` belong to one thread (the broker's), `commit` to one (the
// journal's), `save` to one (background); `read`, `cached`, `durable` and `next` to any. In the
// simulation one thread does all, at the moments that the seed chooses.
#pragma once

#include "klamm/base/bytes.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>

namespace klamm::journal {

enum class Position : std::uint64_t {};

/// What went wrong, in classes that a caller would treat differently.
enum class Error : std::uint8_t {
    full,     ///< No space. Nothing was done; later it may succeed. Refuse the request.
    trimmed,  ///< Read before `first`. Answer OFFSET_OUT_OF_RANGE.
    corrupt,  ///< A checksum differs. Never serve it; `describe_last_damage` names the place.
    failed,   ///< The disk failed, the outcome is unknown. Stop the process; never retry.
};

/// One entry: `head` says what it is, `body` (often a batch of records, shared and never
/// copied) is what it is about. Together at most `entry_bytes_max`.
struct Entry {
    Bytes head;
    Slice body;
};

inline constexpr std::uint32_t entry_bytes_max = 16 * 1024 * 1024;

/// A saved fold of all entries before `covers`.
struct Checkpoint {
    Position covers{};
    Bytes state;
};

/// What opening a journal brings back, in order: at most one checkpoint, then each entry that
/// it does not cover. The views are valid during the call.
struct Replay {
    std::function<void(Checkpoint const&)> checkpoint;
    std::function<void(Position, ByteView head, ByteView body)> entry;
};

class Journal {
public:
    Journal() = default;
    Journal(Journal const&) = delete;
    Journal& operator=(Journal const&) = delete;
    virtual ~Journal() = default;

    /// Gives the entry its place in the order: a position at or behind next(), for there may be
    /// gaps. Never blocks and does no I/O. It becomes durable by a later commit(). `full` is known
    /// here, before anything happened; no other error. Entries without a body may use a small
    /// reserve that others may not, so that offsets can be committed where batches are refused.
    /// Requires that `entry` is not larger than entry_bytes_max.
    [[nodiscard]] virtual std::expected<Position, Error> append(Entry entry) = 0;

    /// Makes durable all that was appended before the call, with one write and one sync, and
    /// returns the new durable position: every entry whose position is below it is durable.
    /// Blocks. `failed` is final. Does nothing when there is nothing to do.
    [[nodiscard]] virtual std::expected<Position, Error> commit() = 0;

    /// The whole body of the entry at `position`, checked against its checksum. One read of the
    /// disk suffices when it has not more than `bytes_hint` bytes; otherwise there are two.
    /// Blocks unless `cached`. Requires `position < durable()`.
    [[nodiscard]] virtual std::expected<Slice, Error> read(Position position,
                                                           std::uint32_t bytes_hint) = 0;

    /// The same, when it is in memory; never blocks.
    virtual std::optional<Slice> cached(Position position) = 0;

    /// Entries before `first` are needed no longer, except for what checkpoints do not cover.
    /// Their space is reused at some later time. Going back has no effect.
    virtual void trim(Position first) = 0;

    /// Saves a checkpoint durably; keeps the one before it. Blocks. Requires
    /// `checkpoint.covers <= durable()`. `full` leaves the earlier checkpoints as they were.
    [[nodiscard]] virtual std::expected<void, Error> save(Checkpoint const& checkpoint) = 0;

    virtual Position first() const = 0;
    virtual Position durable() const = 0;
    virtual Position next() const = 0;

    /// Empty, or one line that names file, offset and what differs, for the log.
    virtual std::string describe_last_damage() const { return {}; }
};

}  // namespace klamm::journal
