#include "klamm/host/journal_thread.h"

#include "klamm/host/log.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace klamm::host {

JournalThread::~JournalThread() { stop(); }

void JournalThread::start(std::function<void(journal::Position)> durable) {
    durable_ = std::move(durable);
    thread_ = std::thread([this] { loop(); });
}

void JournalThread::wake() {
    {
        std::lock_guard const lock(mutex_);
        if (std::exchange(wanted_, true)) return;
    }
    condition_.notify_one();
}

void JournalThread::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    condition_.notify_one();
    thread_.join();
}

/// False when the thread is to end and nothing is left to do.
bool JournalThread::wait() {
    std::unique_lock lock(mutex_);
    if (!wanted_ && !stopping_) {
        metrics_.commit_wakeups.add();
        condition_.wait(lock, [this] { return wanted_ || stopping_; });
    }
    return std::exchange(wanted_, false) || !stopping_;
}

void JournalThread::loop() {
    while (wait()) {
        auto const started = std::chrono::steady_clock::now();
        auto const durable = journal_.commit();
        if (!durable)
            stop_process(
                fmt::format("the journal could not be written: {}. Nothing that was not "
                            "durable before was acknowledged; stopping.",
                            journal_.describe_last_damage()));
        metrics_.commits.add();
        metrics_.sync.observe(std::chrono::steady_clock::now() - started);
        durable_(*durable);
    }
}

}  // namespace klamm::host
