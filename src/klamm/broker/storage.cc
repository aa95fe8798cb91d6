#include "klamm/broker/storage.h"

#include "klamm/broker/apply.h"
#include "klamm/broker/storage_plan.h"

#include <algorithm>
#include <utility>

namespace klamm::broker {
namespace {

/// With less room than this no job is begun, unless jobs are smaller anyway.
constexpr std::uint64_t room_least = 1024 * 1024;

using Kind = StorageJob::Kind;

}  // namespace

journal::Position needed_from(State const& state, journal::Position end) {
    for (auto const& [name, topic] : state.topics) {
        for (auto const& partition : topic.partitions) {
            if (auto const first = partition->batches.first_in_journal())
                end = std::min(end, first->position);
        }
    }
    return end;
}

bool Storage::avoided(Step& step, PartitionKey partition) const {
    auto const found = avoided_.find(partition);
    return found != avoided_.end() && found->second > step.now().instant;
}

void Storage::avoid(Step& step, PartitionKey partition) {
    avoided_[partition] = step.now().instant + step.options().storage_retry_ms;
}

StorageJob Storage::begin_job(Step& step, Kind kind) {
    busy_ = true;
    StorageJob job;
    job.kind = kind;
    job.number = next_number_++;
    job.first_file = step.state().files.next();
    return job;
}

std::optional<StorageJob> Storage::plan(Step& step, journal::Journal const& journal,
                                        journal::Position durable, std::uint64_t room) {
    if (busy_ || (not_before_ && *not_before_ > step.now().instant)) return std::nullopt;
    std::erase_if(avoided_, [&](auto const& each) { return each.second <= step.now().instant; });
    auto const job_bytes = std::uint64_t(step.options().storage_job_bytes);
    auto const bytes_max = std::min(job_bytes, room);
    stats_.no_room = bytes_max < std::min(job_bytes, room_least);
    if (stats_.no_room) return std::nullopt;
    if (auto job = plan_merge(step, journal, durable, bytes_max)) return job;
    if (auto job = plan_pass(step, bytes_max)) return job;
    return plan_repack(step, bytes_max);
}

std::optional<StorageJob> Storage::plan_merge(Step& step, journal::Journal const& journal,
                                              journal::Position durable, std::uint64_t bytes_max) {
    auto const& state = step.state();
    auto const budget = std::uint64_t(step.options().journal_bytes);
    auto const end = journal.next();
    auto const held = [&](journal::Position first) {
        return std::uint64_t(end) - std::uint64_t(first);
    };
    // What is needed is looked for, in all partitions, only when it can matter.
    if (held(journal.first()) <= budget || held(needed_from(state, end)) <= budget)
        return std::nullopt;
    // What is newest stays: it is what most readers want, and what retention may still take.
    auto const cut =
        journal::Position(std::uint64_t(end) - budget + std::min(bytes_max, budget / 2));
    auto parts =
        parts_to_merge(state, std::min(cut, durable), bytes_max,
                       [&](Partition const& partition) { return avoided(step, partition.key); });
    if (parts.empty()) return std::nullopt;
    auto job = begin_job(step, Kind::merge);
    job.parts = std::move(parts);
    return job;
}

std::optional<StorageJob> Storage::plan_repack(Step& step, std::uint64_t bytes_max) {
    auto parts =
        parts_to_repack(step.state(), bytes_max, std::uint64_t(step.options().own_file_bytes),
                        [&](Partition const& partition) { return avoided(step, partition.key); });
    if (parts.empty()) return std::nullopt;
    auto job = begin_job(step, Kind::repack);
    job.parts = std::move(parts);
    return job;
}

// ---- compaction --------------------------------------------------------------------------

/// The partition that needs it most.
void Storage::begin_pass(Step& step) {
    CompactionDue best;
    Partition const* chosen = nullptr;
    for (auto const& [name, topic] : step.state().topics) {
        if (!topic.settings.compact) continue;
        for (auto const& partition : topic.partitions) {
            if (avoided(step, partition->key)) continue;
            auto due = compaction_due(*partition, step.options(), step.now().wall_ms, false);
            if (!due.due) continue;
            if (chosen != nullptr && std::pair{due.overdue, due.dirty_ratio} <=
                                         std::pair{best.overdue, best.dirty_ratio})
                continue;
            chosen = partition.get();
            best = std::move(due);
        }
    }
    if (chosen == nullptr) return;
    auto const now_ms = step.now().wall_ms;
    Pass pass;
    pass.partition = chosen->key;
    pass.scan_from = best.first_dirty;
    pass.end = best.limit;
    pass.next = chosen->log_start;
    pass.started_ms = now_ms;
    pass.reason = std::move(best.reason);
    auto const high = step.random().next();
    pass.keys = std::make_shared<records::KeyMap>(std::size_t(step.options().compaction_map_bytes),
                                                  Hash128{high, step.random().next()});
    if (chosen->compaction)
        pass.tombstones_end =
            chosen->compaction->tombstones_end(now_ms, chosen->topic->settings.delete_retention_ms);
    pass_ = std::move(pass);
}

/// An earlier pass has dropped their records, and this one drops their markers: before that no
/// reader may be told of them any more, for he would wait for the marker. False: the journal is
/// full.
bool Storage::forget_aborted(Step& step, Partition const& partition) {
    auto const end = pass_->tombstones_end;
    if (!partition.transactions) return true;
    auto const& aborted = partition.transactions->aborted();
    if (aborted.empty() || aborted.front().last_offset >= end) return true;
    return step.commit(encode_entry(AbortedForgotten{.partition = partition.key, .end = end}))
        .has_value();
}

std::optional<StorageJob> Storage::plan_pass(Step& step, std::uint64_t bytes_max) {
    if (!pass_) begin_pass(step);
    if (!pass_) return std::nullopt;
    auto const* partition = step.state().partition(pass_->partition);
    if (partition == nullptr || !partition->topic->settings.compact) {
        pass_.reset();
        return std::nullopt;
    }
    StoragePart part;
    if (!pass_->scanned) {
        part = {partition->key, pass_->scan_from, pass_->end, partition->log_start,
                partition->batches.slice(pass_->scan_from, pass_->end)};
    } else {
        if (!forget_aborted(step, *partition)) {
            pass_.reset();
            return std::nullopt;
        }
        part = group_to_compact(*partition, pass_->next, pass_->end, bytes_max);
    }
    if (part.runs.empty()) {
        pass_->next = std::max(pass_->next, pass_->end);
        end_pass(step);
        return std::nullopt;
    }
    auto job = begin_job(step, pass_->scanned ? Kind::compact : Kind::scan);
    job.keys = pass_->keys;
    job.tombstones_end = pass_->tombstones_end;
    job.unsettled = pass_->unsettled;
    if (partition->transactions) {
        for (auto const& each : partition->transactions->aborted(part.from, part.end))
            job.aborted.push_back({each.producer_id, each.first_offset, each.last_offset});
    }
    job.parts.push_back(std::move(part));
    return job;
}

void Storage::group_done(Step& step, StorageResult const& result) {
    if (!pass_) return;
    if (result.kind == Kind::scan) {
        pass_->scanned = true;
        pass_->end = result.scanned_end;
        return;
    }
    for (auto const& range : result.stored.ranges) pass_->next = range.end;
    pass_->unsettled = result.unsettled;
    pass_->bytes_before += result.bytes_read;
    pass_->bytes_after += result.bytes_written;
    pass_->records_before += result.records_before;
    pass_->records_after += result.records_after;
    stats_.records_dropped += result.records_before - result.records_after;
    if (pass_->next >= pass_->end) end_pass(step);
}

void Storage::end_pass(Step& step) {
    auto const pass = *std::exchange(pass_, std::nullopt);
    auto const* partition = step.state().partition(pass.partition);
    if (partition == nullptr) return;
    CompactionPassed entry{.partition = pass.partition,
                           .first_dirty = std::max(pass.end, partition->log_start),
                           .passed_ms = step.now().wall_ms,
                           .took_ms = step.now().wall_ms - pass.started_ms,
                           .bytes_before = pass.bytes_before,
                           .bytes_after = pass.bytes_after,
                           .records_before = pass.records_before,
                           .records_after = pass.records_after,
                           .reason = pass.reason};
    // If the journal is full the pass is made again some time; it finds little to do.
    if (step.commit(encode_entry(entry))) ++stats_.passes;
}

std::optional<double> Storage::progress(PartitionKey partition) const {
    if (!pass_ || pass_->partition != partition) return std::nullopt;
    if (!pass_->scanned || pass_->end <= 0) return 0.0;
    return std::min(1.0, double(pass_->next) / double(pass_->end));
}

// ---- outcomes ----------------------------------------------------------------------------

std::vector<journal::FileNumber> Storage::done(Step& step, StorageResult result) {
    busy_ = false;
    not_before_.reset();
    stats_.bytes_read += result.bytes_read;
    stats_.bytes_written += result.bytes_written;
    stats_.damaged += result.damaged.size();
    for (auto const partition : result.damaged) {
        avoid(step, partition);
        if (pass_ && pass_->partition == partition) pass_.reset();
    }
    auto const fail = [&] {
        ++stats_.failures;
        not_before_ = step.now().instant + step.options().storage_retry_ms;
    };
    if (result.error) {
        if (result.kind == Kind::scan) pass_.reset();
        if (result.damaged.empty()) fail();
        return {};
    }
    // What a deletion took away meanwhile is not needed.
    auto& ranges = result.stored.ranges;
    auto const wanted = ranges.size();
    std::erase_if(ranges, [&](StoredRange const& range) { return !fits(step.state(), range); });
    if (result.kind == Kind::compact && ranges.size() != 1) pass_.reset();
    if (wanted > 0 || !result.stored.files.empty()) {
        if (!step.commit(encode_entry(result.stored))) {
            fail();
            std::vector<journal::FileNumber> useless;
            for (auto const& file : result.stored.files)
                useless.push_back(journal::FileNumber{file.number});
            return useless;
        }
    }
    if (result.kind == Kind::merge) ++stats_.merges;
    if (result.kind == Kind::repack) ++stats_.repacks;
    if (result.kind == Kind::scan || result.kind == Kind::compact) group_done(step, result);
    return {};
}

StorageStats Storage::stats(State const& state) const {
    auto stats = stats_;
    stats.files = state.files.all().size();
    stats.file_bytes = state.files.bytes();
    return stats;
}

}  // namespace klamm::broker
