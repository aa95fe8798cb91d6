#include "klamm/host/housekeeping.h"

#include "klamm/host/cold_reads.h"
#include "klamm/host/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace klamm::host {
namespace {

constexpr auto pause_when_full = std::chrono::milliseconds(200);

/// A checkpoint is due after this many times its own size was journaled.
constexpr std::uint64_t state_bytes_factor = 8;

constexpr auto look_interval = std::chrono::seconds(1);
/// Of work that is done between two looks at what is more urgent.
constexpr std::size_t step_bytes = 256 * 1024;
/// Held by the journal, in budgets: from here on the work goes faster, and as fast as it can.
constexpr double over_budget = 1.5;
constexpr double over_budget_far = 2;
constexpr double over_budget_factor = 4;

std::uint64_t bytes_between(journal::Position from, journal::Position to) {
    return std::uint64_t(to) - std::uint64_t(from);
}

}  // namespace

Housekeeping::Housekeeping(Options const& options, journal::Journal& journal,
                           journal::DiskJournal* disk, journal::ExtentStore& extents,
                           BrokerThread& broker)
    : journal_(journal),
      disk_(disk),
      broker_(broker),
      extents_(extents),
      checkpoint_bytes_(std::uint64_t(options.checkpoint_bytes)),
      journal_bytes_(std::uint64_t(options.broker.journal_bytes)),
      bytes_per_second_(double(options.storage_bytes_per_second)),
      limits_{std::uint64_t(options.broker.l1_block_bytes),
              std::uint64_t(options.broker.own_file_bytes)},
      taken_at_(disk != nullptr ? std::max(disk->opened().checkpoint, disk->first())
                                : journal.next()) {}

Housekeeping::~Housekeeping() { stop(); }

void Housekeeping::start() {
    thread_ = std::thread([this] { loop(); });
}

void Housekeeping::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    if (disk_ != nullptr) disk_->end_prepare();
    condition_.notify_one();
    thread_.join();
}

void Housekeeping::consider(broker::Broker& broker) {
    if (auto files = broker.take_unneeded_files(); !files.empty()) {
        {
            std::lock_guard const lock(mutex_);
            unneeded_.insert(unneeded_.end(), files.begin(), files.end());
        }
        condition_.notify_one();
    }
    auto const next = journal_.next();
    bool const moved = std::exchange(moved_, false) && frees_much(broker);
    if (!moved && bytes_between(taken_at_, next) < checkpoint_bytes_) return;
    if (disk_ == nullptr) {
        // Nothing to save; what retention gave up can go at once.
        taken_at_ = next;
        journal_.trim(broker.needed_from());
        return;
    }
    {
        std::lock_guard const lock(mutex_);
        if (saving_ ||
            (!moved && bytes_between(taken_at_, next) < state_bytes_factor * last_state_bytes_))
            return;
        saving_ = true;
        snapshot_ = broker.snapshot();
        taken_at_ = snapshot_->covers;
    }
    condition_.notify_one();
}

/// Whether a checkpoint would give back much of the journal, and more than it costs.
bool Housekeeping::frees_much(broker::Broker const& broker) const {
    auto const freed = bytes_between(journal_.first(), broker.needed_from());
    return freed >= std::max(checkpoint_bytes_, state_bytes_factor * last_state_bytes_.load());
}

void Housekeeping::look() {
    if (disk_ == nullptr) return;
    {
        std::lock_guard const lock(mutex_);
        if (!ready()) return;
    }
    condition_.notify_one();
}

bool Housekeeping::ready() const {
    return stopping_ || job_ || !unneeded_.empty() ||
           (!full_ && disk_ != nullptr && disk_->wants_prepare()) ||
           (snapshot_ && snapshot_->covers <= journal_.durable());
}

void Housekeeping::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        auto until = next_step_;
        if (full_) until = std::min(until, Clock::now() + pause_when_full);
        condition_.wait_until(lock, until, [this] { return ready(); });
        full_ = false;
        if (stopping_) return;
        std::optional<broker::Broker::Snapshot> snapshot;
        if (snapshot_ && snapshot_->covers <= journal_.durable())
            snapshot = std::exchange(snapshot_, std::nullopt);
        auto job = std::exchange(job_, std::nullopt);
        auto const unneeded = std::exchange(unneeded_, {});
        lock.unlock();
        prepare();
        if (snapshot) save(*snapshot);
        remove_files(unneeded);
        if (job) begin(std::move(*job));
        if (auto const now = Clock::now(); now >= next_step_) work(now);
        lock.lock();
    }
}

void Housekeeping::prepare() {
    if (disk_ == nullptr || !disk_->wants_prepare()) return;
    auto const done = disk_->prepare();
    if (done) return;
    if (done.error() != journal::Error::full)
        stop_process(fmt::format("a journal segment could not be prepared: {}; stopping.",
                                 journal_.describe_last_damage()));
    log_peer(
        "no space on the disk for a further journal segment; produce requests may be refused "
        "until there is");
    std::lock_guard const lock(mutex_);
    full_ = true;
}

void Housekeeping::save(broker::Broker::Snapshot const& snapshot) {
    journal::Checkpoint const checkpoint{snapshot.covers, snapshot.encode()};
    auto const saved = journal_.save(checkpoint);
    if (!saved && saved.error() != journal::Error::full)
        stop_process(fmt::format("a checkpoint could not be written: {}; stopping.",
                                 journal_.describe_last_damage()));
    if (!saved) log_peer("no space on the disk for a checkpoint; the one before it stays");
    last_state_bytes_ = checkpoint.state.size();
    {
        std::lock_guard const lock(mutex_);
        saving_ = false;
    }
    if (!saved) return;
    broker_.run([this, first = snapshot.needed_from](broker::Broker&, Now) {
        journal_.trim(first);
        look();
    });
}

// ---- work on stored records --------------------------------------------------------------

void Housekeeping::begin(broker::StorageJob job) {
    work_ = std::make_unique<broker::StorageWork>(
        std::move(job),
        [this](broker::BatchPlace const& place) { return read_stored(journal_, extents_, place); },
        extents_, limits_);
    next_step_ = Clock::now();
}

/// The more the journal is over its budget, the more the work may take; 0: all it can.
double Housekeeping::rate() const {
    auto const held = double(bytes_between(journal_.first(), journal_.next()));
    auto const over = held / double(journal_bytes_);
    if (over > over_budget_far) return 0;
    return over > over_budget ? bytes_per_second_ * over_budget_factor : bytes_per_second_;
}

void Housekeeping::work(Clock::time_point now) {
    if (!work_) {
        next_step_ = now + look_interval;
        return look_for_work();
    }
    auto const before = work_->bytes_moved();
    if (work_->step(step_bytes)) {
        next_step_ = Clock::now() + look_interval;
        return hand_in();
    }
    auto const moved = double(work_->bytes_moved() - before);
    auto const per_second = rate();
    next_step_ = now + (per_second == 0 ? Clock::duration{}
                                        : std::chrono::duration_cast<Clock::duration>(
                                              std::chrono::duration<double>(moved / per_second)));
}

void Housekeeping::look_for_work() {
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(looking_, true)) return;
    }
    broker_.run([this, room = extents_.room()](broker::Broker& broker, Now now) {
        take_job(broker, now, room);
    });
}

/// On the broker's thread.
void Housekeeping::take_job(broker::Broker& broker, Now now, std::uint64_t room) {
    auto job = broker.plan_storage(room, now);
    {
        std::lock_guard const lock(mutex_);
        looking_ = false;
        if (!job) return;  // and none that is waiting is lost
        job_ = std::move(job);
    }
    condition_.notify_one();
}

void Housekeeping::hand_in() {
    auto const result = std::make_shared<broker::StorageResult>(work_->take_result());
    work_.reset();
    if (result->error == journal::Error::full)
        log_peer("no space on the disk for merging or compaction; it is tried again later");
    else if (result->error == journal::Error::failed)
        log_peer(fmt::format("merging or compaction failed and is tried again later: {}",
                             extents_.describe_last_damage()));
    {
        std::lock_guard const lock(mutex_);
        looking_ = true;
    }
    broker_.run([this, result, room = extents_.room()](broker::Broker& broker, Now now) {
        moved_ = moved_ || (!result->error && result->kind != broker::StorageJob::Kind::scan);
        broker.storage_done(std::move(*result), now);
        take_job(broker, now, room);
    });
}

void Housekeeping::remove_files(std::vector<journal::FileNumber> const& files) {
    for (auto const number : files)
        if (!extents_.remove(number))  // the next start removes it
            log_peer(fmt::format("a file that nobody needs cannot be removed: {}",
                                 extents_.describe_last_damage()));
}

void Housekeeping::save_last(broker::Broker& broker) {
    if (disk_ == nullptr) return;
    auto const snapshot = broker.snapshot();
    if (snapshot.covers == taken_at_) return;
    journal::Checkpoint const checkpoint{snapshot.covers, snapshot.encode()};
    // Without it the next start has more to replay, and nothing is lost.
    if (!journal_.save(checkpoint)) log_warning("the last checkpoint could not be written");
}

}  // namespace klamm::host
