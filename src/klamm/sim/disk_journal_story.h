// sim/disk_journal_story.h - the beginnings that tests of the disk journal share.
#pragma once

#include "klamm/journal/conformance.h"
#include "klamm/journal/disk_journal.h"
#include "klamm/sim/disk.h"

#include <memory>
#include <string>
#include <vector>

namespace klamm::sim {

using namespace journal;

inline DiskOptions tiny_segments(std::uint64_t seed) {
    DiskOptions options;
    options.seed = seed;
    options.segment_bytes = 16384;
    options.cache_bytes = 8192;
    options.free_bytes_min = 16384;
    return options;
}

struct Opened {
    std::unique_ptr<DiskJournal> journal;
    std::vector<Found> found;
    std::string error;
};

inline Opened open(Disk& disk, DiskOptions const& options) {
    Opened opened;
    auto const replay = Replay{[&](Checkpoint const& checkpoint) {
                                   opened.found.push_back({Position{0}, checkpoint.state, {}});
                               },
                               [&](Position at, ByteView head, ByteView body) {
                                   opened.found.push_back({at, copy_of(head), copy_of(body)});
                               }};
    auto journal = open_disk_journal(disk, options, replay);
    if (journal)
        opened.journal = std::move(*journal);
    else
        opened.error = journal.error().message;
    return opened;
}

}  // namespace klamm::sim
