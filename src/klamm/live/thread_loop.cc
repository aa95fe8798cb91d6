#include "klamm/live/thread_loop.h"

#include "klamm/base/ensure.h"

#include <algorithm>

namespace klamm::live {
namespace {

/// When somebody sets the wall clock, it is noticed so much later.
constexpr std::chrono::milliseconds wall_lifetime{10};

}  // namespace

ThreadLoop::ThreadLoop() : thread_([this] { run(); }) {}

ThreadLoop::~ThreadLoop() {
    ensure(!on_loop());
    {
        std::lock_guard const lock(mutex_);
        ending_ = true;
    }
    poller_.wake();
    thread_.join();
    // Jobs that are dropped may hold what posts again when it is destroyed.
    timers_.clear();
    std::vector<Job> dropped;
    dropped.swap(queue_);
}

/// It is asked for with each event, so one clock has to do, and how far the other is from it is
/// looked up now and then.
Now ThreadLoop::now() const {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    auto const here = Clock::now().time_since_epoch();
    if (here >= wall_looked_up_ + wall_lifetime) {
        wall_looked_up_ = here;
        wall_ahead_ = std::chrono::system_clock::now().time_since_epoch() - here;
    }
    return {Instant(duration_cast<milliseconds>(here)),
            duration_cast<milliseconds>(here + wall_ahead_).count()};
}

void ThreadLoop::post(Job job) {
    {
        std::lock_guard const lock(mutex_);
        if (ending_) return;
        queue_.push_back(std::move(job));
        if (!std::exchange(asleep_, false)) return;
    }
    poller_.wake();
}

bool ThreadLoop::later(Timer const& a, Timer const& b) {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
}

void ThreadLoop::after(Duration delay, Job job) {
    ensure(on_loop());
    timers_.push_back({Clock::now() + delay, timer_number_++, std::move(job)});
    std::ranges::push_heap(timers_, later);
}

/// Those that are due now; what they set for now waits for the next time.
void ThreadLoop::run_due_timers() {
    auto const now = Clock::now();
    auto const last = timer_number_;
    while (!timers_.empty() && timers_.front().due <= now && timers_.front().number < last) {
        std::ranges::pop_heap(timers_, later);
        auto job = std::move(timers_.back().job);
        timers_.pop_back();
        job();
    }
}

bool ThreadLoop::has_due_timer() const {
    return !timers_.empty() && timers_.front().due <= Clock::now();
}

std::chrono::nanoseconds ThreadLoop::until_next_timer() const {
    if (timers_.empty()) return remote::Poller::forever;
    return std::max(timers_.front().due - Clock::now(), Clock::duration{0});
}

/// There is nothing to do: from now on who posts wakes it.
bool ThreadLoop::falls_asleep() {
    if (has_due_timer()) return false;
    std::lock_guard const lock(mutex_);
    return asleep_ = queue_.empty() && !ending_;
}

/// All there are. False: it is to end.
bool ThreadLoop::take(std::vector<Job>& jobs) {
    std::lock_guard const lock(mutex_);
    asleep_ = false;
    jobs.swap(queue_);
    return !ending_;
}

void ThreadLoop::run() {
    using std::chrono::nanoseconds;
    std::vector<Job> jobs;
    while (true) {
        if (falls_asleep())
            poller_.wait(until_next_timer());
        else if (poller_.any())
            poller_.wait(nanoseconds{0});  // sockets have their turn, however busy it is
        if (!take(jobs)) return;
        poller_.tell();
        for (auto& job : jobs) {
            job();
            job = nullptr;  // what it holds goes now, not when all have run
        }
        jobs.clear();
        run_due_timers();
    }
}

}  // namespace klamm::live
