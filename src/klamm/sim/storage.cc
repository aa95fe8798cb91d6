// sim/storage.cc - merging and compaction in the simulated process: a little at a time, and perhaps
// never finished.
#include "klamm/journal/extent_file.h"
#include "klamm/sim/server.h"

#include <limits>
#include <utility>

namespace klamm::sim {
namespace {

constexpr Time look_max = 400 * millisecond;
constexpr Time step_max = 10 * millisecond;
constexpr std::uint64_t step_bytes_max = 4000;

}  // namespace

void Server::plan_work() {
    in_this_life(Time(random_.below(look_max)), [this] { look_for_work(); });
}

void Server::look_for_work() {
    auto& process = *process_;
    auto job =
        process.broker->plan_storage(process.extents->room(), services_.schedule.broker_now());
    if (!job) {
        pump();
        return plan_work();
    }
    if (services_.plan.mutation == Mutation::drop_newest &&
        job->kind == broker::StorageJob::Kind::compact)
        job->tombstones_end = std::numeric_limits<std::int64_t>::max();
    services_.trace.note("job {} begins: kind {}, {} parts", job->number, int(job->kind),
                         job->parts.size());
    process.work = std::make_unique<broker::StorageWork>(
        std::move(*job), [this](broker::BatchPlace const& place) { return read_stored(place); },
        *process.extents,
        broker::StorageLimits{std::uint64_t(broker_options_.l1_block_bytes),
                              std::uint64_t(broker_options_.own_file_bytes)});
    pump();
    work();
}

void Server::work() {
    in_this_life(Time(random_.below(step_max)), [this] {
        bool const power = services_.strikes(Fault::power_loss_in_commit, random_);
        bool const failing = !power && services_.strikes(Fault::failed_sync, random_);
        if (power || failing) disk_.fail_syncs(random_.below(2));
        bool const done = process_->work->step(1 + random_.below(step_bytes_max));
        disk_.mend();
        if (power) return end(End::power_loss, "power is lost while records are moved");
        if (!done) return work();
        in_this_life(Time(random_.below(step_max)), [this] { work_done(); });
    });
}

void Server::work_done() {
    auto result = process_->work->take_result();
    process_->work.reset();
    services_.trace.note("job {} ends: {} ranges in {} files", result.number,
                         result.stored.ranges.size(), result.stored.files.size());
    if (services_.plan.mutation == Mutation::lose_moved_run)
        for (auto& range : result.stored.ranges)
            if (!range.runs.empty()) range.runs.pop_back();
    process_->broker->storage_done(std::move(result), services_.schedule.broker_now());
    pump();
    plan_work();
}

void Server::remove_files(std::vector<journal::FileNumber> const& files) {
    for (auto const number : files) {
        if (!process_->extents->remove(number))
            services_.violations.report("progress", "a file could not be removed on a sound disk");
        // Its flipped bit is gone with it.
        if (flip_ && flip_->file == journal::extent_file_name(number)) flip_.reset();
    }
}

/// What this life came to; to be called at its end. A job under way leaves its files.
void Server::count_work() {
    if (!process_ || !process_->broker) return;
    auto const stats = process_->broker->stats().storage;
    lives_.merges += stats.merges;
    lives_.repacks += stats.repacks;
    lives_.passes += stats.passes;
    lives_.records_compacted += stats.records_dropped;
    if (!process_->work) return;
    ++lives_.jobs_cut;
    process_->work->leave_files();
}

}  // namespace klamm::sim
