// test/kafka_bus/loop.h - a loop that runs in the thread of the test, until something is so. It
// sleeps in its poller, for buses with sockets of their own.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/remote/poller.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

namespace klamm::kafka_bus::test {

class TestLoop final : public bus::Loop {
    using Clock = std::chrono::steady_clock;

public:
    Now now() const override {
        using std::chrono::duration_cast;
        return {Instant(duration_cast<Duration>(Clock::now() - start_)),
                duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count()};
    }
    void post(Job job) override {
        {
            std::lock_guard const lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        poller.wake();
    }
    void after(Duration delay, Job job) override {
        timers_.emplace(Clock::now() + delay, std::move(job));
    }

    /// Whether it came true in time.
    bool run_until(std::function<bool()> const& true_now,
                   Duration patience = std::chrono::seconds(60)) {
        auto const end = Clock::now() + patience;
        while (!true_now()) {
            if (Clock::now() >= end) return false;
            run_one(end);
        }
        return true;
    }

    remote::Poller poller;

private:
    bool has_jobs() {
        std::lock_guard const lock(mutex_);
        return !jobs_.empty();
    }
    void run_one(Clock::time_point end) {
        if (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
            auto timer = timers_.extract(timers_.begin());
            return timer.mapped()();
        }
        if (!timers_.empty()) end = std::min(end, timers_.begin()->first);
        poller.wait(has_jobs() ? Clock::duration{0}
                               : std::max(end - Clock::now(), Clock::duration{0}));
        poller.tell();
        Job job;
        {
            std::lock_guard const lock(mutex_);
            if (jobs_.empty()) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job();
    }

    Clock::time_point const start_ = Clock::now();
    std::mutex mutex_;
    std::deque<Job> jobs_;
    std::multimap<Clock::time_point, Job> timers_;
};

}  // namespace klamm::kafka_bus::test
