#include "klamm/host/housekeeping.h"

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

std::uint64_t bytes_between(journal::Position from, journal::Position to) {
    return std::uint64_t(to) - std::uint64_t(from);
}

}  // namespace

Housekeeping::Housekeeping(journal::Journal& journal, journal::DiskJournal* disk,
                           BrokerThread& broker, std::uint64_t checkpoint_bytes)
    : journal_(journal),
      disk_(disk),
      broker_(broker),
      checkpoint_bytes_(checkpoint_bytes),
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
    auto const next = journal_.next();
    if (bytes_between(taken_at_, next) < checkpoint_bytes_) return;
    if (disk_ == nullptr) {
        // Nothing to save; what retention gave up can go at once.
        taken_at_ = next;
        journal_.trim(broker.needed_from());
        return;
    }
    {
        std::lock_guard const lock(mutex_);
        if (saving_ || bytes_between(taken_at_, next) < state_bytes_factor * last_state_bytes_)
            return;
        saving_ = true;
        snapshot_ = broker.snapshot();
        taken_at_ = snapshot_->covers;
    }
    condition_.notify_one();
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
    return stopping_ || (!full_ && disk_ != nullptr && disk_->wants_prepare()) ||
           (snapshot_ && snapshot_->covers <= journal_.durable());
}

void Housekeeping::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        if (full_) {
            condition_.wait_for(lock, pause_when_full, [this] { return ready(); });
            full_ = false;
        } else {
            condition_.wait(lock, [this] { return ready(); });
        }
        if (stopping_) return;
        std::optional<broker::Broker::Snapshot> snapshot;
        if (snapshot_ && snapshot_->covers <= journal_.durable())
            snapshot = std::exchange(snapshot_, std::nullopt);
        lock.unlock();
        prepare();
        if (snapshot) save(*snapshot);
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
    {
        std::lock_guard const lock(mutex_);
        saving_ = false;
        last_state_bytes_ = checkpoint.state.size();
    }
    if (!saved) return;
    broker_.run([this, first = snapshot.needed_from](broker::Broker&, Now) {
        journal_.trim(first);
        look();
    });
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
