// broker/storage_job.h - what background work on stored records is asked to do, and what it
// answers.
//
//     Broker::plan_storage ──▶ StorageJob ──▶ StorageWork ──▶ StorageResult ──▶
//     Broker::storage_done
//      broker's thread                       any one thread                     one entry
//
// The broker decides what is to be done and takes the outcome, which becomes state by one entry.
// Between the two nothing depends on the work: a crash leaves files that no state names.
#pragma once

#include "klamm/broker/batch_index.h"
#include "klamm/broker/entries.h"
#include "klamm/records/key_map.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace klamm::broker {

/// A part of a partition's log, as it was when the job was planned.
struct StoragePart {
    PartitionKey partition{};
    std::int64_t from = 0;
    std::int64_t end = 0;
    std::int64_t log_start = 0;  ///< what is before is not copied
    std::vector<BatchRun> runs;  ///< all that have places in [from, end)
};

/// Records of an aborted transaction are never seen by anybody who reads committed ones only; a
/// pass of compaction leaves them out.
struct AbortedRange {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;  ///< of its control batch
};

struct StorageJob {
    enum class Kind : std::uint8_t {
        merge,    ///< from the journal into L1
        repack,   ///< from files that are mostly not needed any more into a new one
        scan,     ///< the keys of what is dirty, for a pass of compaction
        compact,  ///< a group of runs without what is superseded
    };
    Kind kind{};
    std::uint64_t number = 0;
    std::vector<StoragePart> parts;  ///< by partition and offset
    journal::FileNumber first_file{};

    // scan and compact
    std::shared_ptr<records::KeyMap> keys;
    std::int64_t tombstones_end = 0;
    std::vector<AbortedRange> aborted;  ///< by first_offset
    /// Producers of transactions of which the pass met records before this job, and no marker yet.
    std::set<std::int64_t> unsettled;
};

struct StorageResult {
    std::uint64_t number = 0;
    StorageJob::Kind kind{};
    /// Nothing was done: no space, or the disk failed. Files are removed again.
    std::optional<journal::Error> error;
    /// Partitions of which something could not be read; the rest was done.
    std::vector<PartitionKey> damaged;

    ExtentsStored stored;  ///< what to journal, if the partitions are still there
    std::int64_t scanned_end = 0;
    std::set<std::int64_t> unsettled;  ///< the same, behind this job
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t records_before = 0;
    std::uint64_t records_after = 0;
};

}  // namespace klamm::broker
