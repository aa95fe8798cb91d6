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
#include <string>

namespace klamm::handler {

struct Checkpoint {
    Progress progress;
    std::int64_t ledger_version = 0;

    bus::Committed write() const;
    /// Requires that something was committed. The error: the metadata is not ours, or damaged.
    [[nodiscard]] static std::expected<Checkpoint, std::string> read(
        bus::Committed const& committed);

    bool operator==(Checkpoint const&) const = default;
};

/// The entry of the ledger that holds its version.
inline constexpr std::string_view ledger_version_key = "v";

}  // namespace klamm::handler
