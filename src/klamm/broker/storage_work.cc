#include "klamm/broker/storage_work.h"

#include "klamm/base/ensure.h"
#include "klamm/base/guard.h"
#include "klamm/broker/handlers.h"
#include "klamm/records/filter.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace klamm::broker {
namespace {

std::uint64_t bytes_of(StoragePart const& part) {
    std::uint64_t bytes = 0;
    for (auto const& run : part.runs) bytes += run.block->bytes();
    return bytes;
}

bool keeps_records(StorageJob const& job) { return job.kind != StorageJob::Kind::scan; }

}  // namespace

StorageWork::StorageWork(StorageJob job, ReadPlace read, journal::ExtentStore& store,
                         StorageLimits limits)
    : job_(std::move(job)),
      read_(std::move(read)),
      writer_(store, job_.first_file, limits.block_bytes),
      limits_(limits) {
    result_.number = job_.number;
    result_.kind = job_.kind;
    for (auto const& range : job_.aborted) aborted_[range.producer_id].push_back(range);
    if (!job_.parts.empty()) begin_part();
}

void StorageWork::begin_part() {
    result_.scanned_end = part().from;
    writer_.begin(part().partition, bytes_of(part()) >= limits_.own_file_bytes);
}

bool StorageWork::step(std::size_t bytes) {
    auto const until = bytes_moved() + bytes;
    while (!done_ && bytes_moved() < until) {
        if (part_ == job_.parts.size()) {
            finish();
            break;
        }
        if (!next_place()) {
            end_part(true);
            continue;
        }
        auto const outcome = move_place();
        if (outcome == Outcome::next_part) end_part(false);
        result_.bytes_written = writer_.bytes();
    }
    return done_;
}

/// False: the part has no further place.
bool StorageWork::next_place() {
    if (scan_full_) return false;
    while (places_.empty()) {
        if (run_ == part().runs.size()) return false;
        auto const& run = part().runs[run_++];
        BatchBlock::Reader reader{*run.block};
        while (auto const ref = reader.next()) {
            if (ref->last_offset < std::max(part().from, part().log_start)) continue;
            if (ref->base_offset >= part().end) break;
            places_.push_back(place_of(part().partition, Placed{*ref, run.file}));
        }
    }
    return true;
}

StorageWork::Outcome StorageWork::move_place() {
    auto const place = places_.front();
    places_.pop_front();
    auto const bytes = read_batches(read_, place);
    if (!bytes) return unreadable(bytes.error());
    result_.bytes_read += bytes->size();
    auto outcome = Outcome::go_on;
    auto const visited =
        records::visit_batches(bytes->view(), [&](ByteView batch, records::BatchInfo const& info) {
            auto const at = std::size_t(batch.data() - bytes->data());
            if (info.last_offset() < part().log_start) return true;
            outcome = take_batch(bytes->part(at, batch.size()), info);
            return outcome == Outcome::go_on && !scan_full_ && !done_;
        });
    return visited ? outcome : unreadable(journal::Error::corrupt);
}

StorageWork::Outcome StorageWork::take_batch(Slice const& batch, records::BatchInfo const& info) {
    result_.records_before += std::uint64_t(info.records_count);
    switch (job_.kind) {
        case StorageJob::Kind::scan:
            return scan(batch.view(), info);
        case StorageJob::Kind::compact:
            return compact(batch, info);
        case StorageJob::Kind::merge:
        case StorageJob::Kind::repack:
            return copy(batch, info);
    }
    std::unreachable();
}

StorageWork::Outcome StorageWork::copy(Slice batch, records::BatchInfo const& info) {
    result_.records_after += std::uint64_t(info.records_count);
    if (auto done = writer_.add(std::move(batch), info); !done) return fail(done.error());
    return Outcome::go_on;
}

// ---- compaction --------------------------------------------------------------------------

bool StorageWork::is_aborted(records::BatchInfo const& info) const {
    if (!info.transactional() || info.control()) return false;
    auto const ranges = aborted_.find(info.producer_id);
    return ranges != aborted_.end() &&
           std::ranges::any_of(ranges->second, [&](AbortedRange const& range) {
               return range.first_offset <= info.base_offset &&
                      info.last_offset() <= range.last_offset;
           });
}

/// Remembers each key's newest offset. Where the map is full the pass ends; a batch with more keys
/// than fit at all is passed over, and some of its keys are compacted another time.
StorageWork::Outcome StorageWork::scan(ByteView batch, records::BatchInfo const& info) {
    if (info.base_offset >= part().end) return Outcome::go_on;
    if (!info.control() && !is_aborted(info)) {
        auto const whole = records::visit_records(
            batch, [&](records::RecordView const& record, std::int64_t offset) {
                return !record.key || job_.keys->put(*record.key, offset);
            });
        if (!whole) return unreadable(journal::Error::corrupt);
        scan_full_ = !*whole;
        if (scan_full_ && result_.scanned_end > part().from) return Outcome::go_on;
    }
    result_.scanned_end = std::max(result_.scanned_end, info.next_offset());
    return Outcome::go_on;
}

/// A marker stays as long as there are records that it is about, and then as long as a tombstone.
/// Of an aborted transaction an earlier pass has taken the records, and readers are not told of it
/// any more: they would wait for the marker.
StorageWork::Outcome StorageWork::compact(Slice const& batch, records::BatchInfo const& info) {
    if (info.control()) {
        bool const bare = job_.unsettled.erase(info.producer_id) == 0;
        bool const may_go = bare && info.last_offset() < job_.tombstones_end;
        return may_go || !guard(Guard::markers_outlive_records) ? Outcome::go_on
                                                                : copy(batch, info);
    }
    if (info.transactional()) job_.unsettled.insert(info.producer_id);
    if (is_aborted(info)) return Outcome::go_on;
    auto filtered =
        records::filter(batch.view(), [&](records::RecordView const& record, std::int64_t offset) {
            if (!record.key) return true;
            auto const newest = job_.keys->newest(*record.key);
            if (newest && *newest > offset) return false;
            return record.value.has_value() || offset >= job_.tombstones_end;
        });
    if (!filtered) return unreadable(journal::Error::corrupt);
    if (filtered->records_after == 0) return Outcome::go_on;
    if (filtered->records_after == filtered->records_before) return copy(batch, info);
    Slice const smaller{std::move(filtered->batch)};
    auto const header = records::read_header(smaller.view());
    ensure(header.has_value());
    return copy(smaller, *header);
}

// ---- ends --------------------------------------------------------------------------------

StorageWork::Outcome StorageWork::unreadable(journal::Error error) {
    // Trimmed: it was deleted meanwhile, and the part is planned anew if anything is left of it.
    if (error != journal::Error::trimmed) result_.damaged.push_back(part().partition);
    return Outcome::next_part;
}

void StorageWork::end_part(bool whole) {
    if (!whole) {
        writer_.abandon();
        if (!keeps_records(job_)) result_.error = journal::Error::corrupt;
    } else if (keeps_records(job_)) {
        auto runs = writer_.end();
        if (!runs) {
            fail(runs.error());
            return;
        }
        result_.stored.ranges.push_back(
            {part().partition, part().from, part().end, std::move(*runs)});
    }
    places_.clear();
    run_ = 0;
    if (++part_ < job_.parts.size()) begin_part();
}

void StorageWork::finish() {
    auto files = writer_.finish();
    if (!files) {
        fail(files.error());
        return;
    }
    result_.bytes_written = writer_.bytes();
    result_.stored.files = std::move(*files);
    result_.unsettled = std::move(job_.unsettled);
    done_ = true;
}

StorageWork::Outcome StorageWork::fail(journal::Error error) {
    result_.error = error;
    result_.stored = {};
    done_ = true;
    return Outcome::go_on;
}

StorageResult StorageWork::take_result() {
    ensure(done_);
    if (!result_.error) writer_.keep();
    return std::move(result_);
}

}  // namespace klamm::broker
