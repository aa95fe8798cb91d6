// handler/engine/checkpoint.h - what is committed for a partition: how far it is, and how far its
// ledger is.
//
// The ledger is read up to its last stable offset. A transaction that a dead owner left open holds
// that offset back, before what later owners committed. So each transaction that changes the ledger
// counts its version up, in the ledger and in the offset's metadata: who takes over reads until it
// has seen the version that was committed.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/handler/progress.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

struct Checkpoint {
    Progress progress;
    std::int64_t ledger_version = 0;

    bus::Committed write() const;
    /// Requires that something was committed. The error: the metadata is not ours, or damaged.
    [[nodiscard]] static std::expected<Checkpoint, std::string> read(
        bus::Committed const& committed);

    /// As an entry of the ledger: "1042 7|…". It is written with each change of the ledger.
    std::string write_entry() const;
    static std::optional<Checkpoint> read_entry(std::string_view entry);

    bool operator==(Checkpoint const&) const = default;
};

/// The entry of the ledger that holds its version, and the progress with it. A log forgets the
/// offsets of a group that has had no members for long (offsets.retention.minutes): then the work
/// goes on from here, and not from the beginning.
inline constexpr std::string_view ledger_checkpoint_key = "v";

}  // namespace klamm::handler
