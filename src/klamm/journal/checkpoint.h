// journal/checkpoint.h - checkpoints as files: encoded, decoded, saved, and the last two kept.
//
// doc/formats/checkpoint.md explains the bytes.
#pragma once

#include "klamm/journal/journal.h"
#include "klamm/seams/files.h"

#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace klamm::journal {

/// No state is larger; a file that claims more is damaged.
inline constexpr std::uint64_t checkpoint_state_bytes_max = std::uint64_t{4} << 30;

Bytes encode_checkpoint(Checkpoint const& checkpoint);

/// The error says at which byte what differs. Memory grows with what is decompressed, never
/// with what the file claims.
[[nodiscard]] std::expected<Checkpoint, std::string> decode_checkpoint(
    ByteView file, std::uint64_t state_bytes_max = checkpoint_state_bytes_max);

/// The checkpoint files of a directory. Threads: load() first, then save() by one, the rest by any.
class CheckpointFiles {
public:
    explicit CheckpointFiles(seams::Directory& directory) : directory_(directory) {}

    /// The newest that can be read, if there is one. A damaged one gets a line in `notes`.
    [[nodiscard]] std::expected<std::optional<Checkpoint>, seams::FileError> load(
        std::vector<std::string>& notes);

    /// Durable when it returns. Keeps the newest before it and removes all others.
    [[nodiscard]] std::expected<void, seams::FileError> save(Checkpoint const& checkpoint);

    /// The journal must keep every entry from here on: the older of two checkpoints covers those
    /// before. Position 0 when there are not two.
    Position journal_needed_from() const;
    /// No checkpoint, readable or not, covers more: at least so far the journal was durable once.
    Position named_max() const;

private:
    struct Named {
        Position covers{};
        bool readable = true;  ///< as far as is known
    };
    seams::Directory& directory_;
    mutable std::mutex mutex_;
    std::vector<Named> files_;  ///< ascending
};

}  // namespace klamm::journal
