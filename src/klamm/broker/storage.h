// broker/storage.h - decides which background work is to be done on stored records, and takes what
// came out of it.
//
// In this order: the journal is over its budget and its oldest batches go to L1 (merge); a
// compacted partition is dirty enough (a pass: one scan, then group by group); a file of L1 is
// mostly not needed any more, or there are many small ones (repack).
//
// One job at a time. What is remembered here need not survive: after a restart it is planned anew.
#pragma once

#include "klamm/broker/compaction_due.h"
#include "klamm/broker/state.h"
#include "klamm/broker/step.h"
#include "klamm/broker/storage_job.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace klamm::broker {

/// Counted since the start.
struct StorageStats {
    std::uint64_t merges = 0;  ///< jobs that were journaled
    std::uint64_t repacks = 0;
    std::uint64_t passes = 0;  ///< of compaction, that came to their end
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t records_dropped = 0;  ///< by compaction
    std::uint64_t failures = 0;         ///< jobs without effect: no space, or the disk failed
    std::uint64_t damaged = 0;          ///< partitions that were passed over
    bool no_room = false;               ///< at the last look: the disk has no space for any job
    std::uint64_t files = 0;
    std::uint64_t file_bytes = 0;
};

class Storage {
public:
    /// The next job, if there is one. `room`: how many bytes may be written.
    std::optional<StorageJob> plan(Step& step, journal::Journal const& journal,
                                   journal::Position durable, std::uint64_t room);
    /// Journals the outcome. The numbers of files that are of no use because it could not be.
    std::vector<journal::FileNumber> done(Step& step, StorageResult result);

    bool busy() const { return busy_; }
    StorageStats stats(State const& state) const;
    /// The pass over this partition that is under way: how much of it is done, of 1.
    std::optional<double> progress(PartitionKey partition) const;

private:
    /// One pass of compaction.
    struct Pass {
        PartitionKey partition{};
        std::int64_t scan_from = 0;
        std::int64_t end = 0;   ///< what is before is looked at; known after the scan
        std::int64_t next = 0;  ///< what is before is rewritten
        bool scanned = false;
        std::shared_ptr<records::KeyMap> keys;
        std::set<std::int64_t> unsettled;  ///< see StorageJob
        std::int64_t tombstones_end = 0;
        std::int64_t started_ms = 0;
        std::uint64_t bytes_before = 0;
        std::uint64_t bytes_after = 0;
        std::uint64_t records_before = 0;
        std::uint64_t records_after = 0;
        std::string reason;
    };

    std::optional<StorageJob> plan_merge(Step& step, journal::Journal const& journal,
                                         journal::Position durable, std::uint64_t bytes_max);
    std::optional<StorageJob> plan_pass(Step& step, std::uint64_t bytes_max);
    std::optional<StorageJob> plan_repack(Step& step, std::uint64_t bytes_max);
    void begin_pass(Step& step);
    bool forget_aborted(Step& step, Partition const& partition);
    void end_pass(Step& step);
    void group_done(Step& step, StorageResult const& result);
    bool avoided(Step& step, PartitionKey partition) const;
    void avoid(Step& step, PartitionKey partition);
    StorageJob begin_job(Step& step, StorageJob::Kind kind);

    bool busy_ = false;
    std::uint64_t next_number_ = 1;
    std::optional<Pass> pass_;
    std::optional<Instant> not_before_;        ///< after a failure
    std::map<PartitionKey, Instant> avoided_;  ///< damaged; until when
    StorageStats stats_;
};

/// Entries before this hold nothing that the state refers to.
journal::Position needed_from(State const& state, journal::Position end);

}  // namespace klamm::broker
