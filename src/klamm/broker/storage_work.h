// broker/storage_work.h - does one StorageJob, step by step: reads batches, writes blocks.
//
// Like prepare() and fill() it runs beside the broker, on a thread that may wait for the disk.
//
// Thread: one at a time.
#pragma once

#include "klamm/broker/request.h"
#include "klamm/broker/storage_job.h"
#include "klamm/broker/storage_writer.h"
#include "klamm/journal/extents.h"
#include "klamm/records/batch.h"

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

namespace klamm::broker {

struct StorageLimits {
    std::uint64_t block_bytes = 64 * 1024;
    std::uint64_t own_file_bytes = 8 * 1024 * 1024;
};

class StorageWork {
public:
    /// `store` outlives this.
    StorageWork(StorageJob job, ReadPlace read, journal::ExtentStore& store, StorageLimits limits);

    /// Reads and writes about `bytes` more. True when the job has come to its end.
    [[nodiscard]] bool step(std::size_t bytes);
    /// Reads and writes so far.
    std::uint64_t bytes_moved() const { return result_.bytes_read + result_.bytes_written; }
    /// Once, after the end.
    StorageResult take_result();
    /// Leaves its files as they are, as a process does that is killed.
    void leave_files() { writer_.keep(); }

private:
    enum class Outcome : std::uint8_t { go_on, next_part };

    bool next_place();
    Outcome move_place();
    Outcome take_batch(Slice const& batch, records::BatchInfo const& info);
    Outcome scan(ByteView batch, records::BatchInfo const& info);
    Outcome compact(Slice const& batch, records::BatchInfo const& info);
    Outcome copy(Slice batch, records::BatchInfo const& info);
    bool is_aborted(records::BatchInfo const& info) const;
    Outcome unreadable(journal::Error error);
    Outcome fail(journal::Error error);
    void begin_part();
    void end_part(bool whole);
    void finish();
    StoragePart const& part() const { return job_.parts[part_]; }

    StorageJob job_;
    ReadPlace read_;
    StorageWriter writer_;
    StorageLimits const limits_;
    StorageResult result_;
    std::map<std::int64_t, std::vector<AbortedRange>> aborted_;  ///< by producer id

    std::size_t part_ = 0;
    std::size_t run_ = 0;            ///< of the part: the next one
    std::deque<BatchPlace> places_;  ///< of the run before it
    bool scan_full_ = false;
    bool done_ = false;
};

}  // namespace klamm::broker
