// host/recovery.h - from a data directory to a broker that has taken over what is stored there.
//
//   DIR/journal/    segments, L1 files, checkpoints and the lock: doc/formats/
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/host/options.h"
#include "klamm/journal/disk_journal.h"
#include "klamm/journal/extents.h"

#include <expected>
#include <memory>
#include <string>

namespace klamm::host {

/// What is left of a start: the broker has started and is driven by nobody yet.
struct Recovered {
    std::unique_ptr<seams::Directory> directory;  ///< null when nothing is stored
    std::unique_ptr<journal::Journal> journal;
    journal::DiskJournal* disk = nullptr;  ///< the same journal, when it is on disk
    std::unique_ptr<journal::ExtentStore> extents;
    std::unique_ptr<journal::Journal> broker_journal;  ///< what the broker holds on to
    std::unique_ptr<broker::Broker> broker;
};

/// Opens or makes the journal, replays it, starts the broker, and logs one line about what it
/// found. The error is one message that names file and place and says what to do.
[[nodiscard]] std::expected<Recovered, std::string> recover(Options const& options);

}  // namespace klamm::host
