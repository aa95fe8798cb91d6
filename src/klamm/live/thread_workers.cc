#include "klamm/live/thread_workers.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace klamm::live {

namespace {

/// While there is more to do, the loop hears of so many at once.
constexpr std::size_t brought_at_once = 32;
/// How often the loop looks after jobs that are more than the threads; longer while nothing ends.
constexpr Duration look_shortest{1};
constexpr Duration look_longest{16};

}  // namespace

/// Shared with what is posted to the loop, which may come when the Workers are gone.
///
/// As many jobs as threads, or fewer: each has a thread at once, and is brought back at once. More
/// of them are short, as the engine has seen: then one thread works through them, another is woken
/// when they still wait at the next look, and what is finished comes back many at a time. So what a
/// wake-up costs is shared by many events.
struct ThreadWorkers::Pool : std::enable_shared_from_this<Pool> {
    using Function = std::move_only_function<void()>;
    struct Job {
        Function work;
        Function finished;
    };

    explicit Pool(bus::Loop& on) : loop(on) {}

    // ---- a worker's thread
    // -----------------------------------------------------------------------

    void work() {
        std::unique_lock lock(mutex);
        while (true) {
            while (jobs.empty() && !ending) {
                ++idle;
                condition.wait(lock);
                --idle;
            }
            waking = false;
            if (ending) return;
            auto job = std::move(jobs.front());
            jobs.pop_front();
            if (few()) wake_one();
            lock.unlock();
            job.work();
            job.work = nullptr;
            lock.lock();
            finished.push_back(std::move(job.finished));
            --open;
            if (told || (!jobs.empty() && finished.size() < brought_at_once)) continue;
            told = true;
            lock.unlock();
            post(&Pool::bring);
            lock.lock();
        }
    }

    bool few() const { return open <= threads.size(); }

    /// One at a time: who is woken wakes the next one if that is needed. Requires the lock.
    void wake_one() {
        if (waking || idle == 0 || jobs.empty()) return;
        waking = true;
        condition.notify_one();
    }

    void post(void (Pool::*job)()) {
        loop.post([pool = weak_from_this(), job] {
            if (auto const alive = pool.lock()) (alive.get()->*job)();
        });
    }

    // ---- on the loop
    // -----------------------------------------------------------------------------

    void add(Job job) {
        handed.push_back(std::move(job));
        if (handed.size() == 1) post(&Pool::hand_over);
    }

    /// All that came in one turn of the loop.
    void hand_over() {
        if (gone) return;
        {
            std::lock_guard const lock(mutex);
            open += handed.size();
            std::ranges::move(handed, std::back_inserter(jobs));
            if (few() || idle == threads.size()) wake_one();
        }
        handed.clear();
        if (std::exchange(looking, true)) return;
        pause = look_shortest;
        look_later();
    }

    void look_later() {
        loop.after(pause, [pool = weak_from_this()] {
            if (auto const alive = pool.lock()) alive->look();
        });
    }

    void look() {
        if (gone) return;
        bool some = false;
        {
            std::lock_guard const lock(mutex);
            some = !finished.empty();
            looking = !jobs.empty();
            wake_one();
        }
        if (looking) {
            pause = some ? look_shortest : std::min(pause * 2, look_longest);
            look_later();
        }
        if (some) bring();
    }

    void bring() {
        std::vector<Function> all;
        {
            std::lock_guard const lock(mutex);
            told = false;
            all.swap(finished);
        }
        for (auto& each : all) {
            if (gone) return;  // one of them has destroyed the Workers
            each();
        }
    }

    bus::Loop& loop;
    bool gone = false;        ///< the loop's, as the next three
    std::vector<Job> handed;  ///< in this turn
    bool looking = false;     ///< look() is planned
    Duration pause{look_shortest};
    std::mutex mutex;
    std::condition_variable condition;
    std::deque<Job> jobs;
    std::vector<Function> finished;
    std::size_t open = 0;  ///< jobs that were handed over and are not finished
    bool told = false;     ///< bring() is on its way
    bool waking = false;   ///< somebody was notified and has not taken a job yet
    bool ending = false;
    std::size_t idle = 0;
    std::vector<std::thread> threads;
};

ThreadWorkers::ThreadWorkers(bus::Loop& loop, std::int32_t threads)
    : pool_(std::make_shared<Pool>(loop)) {
    std::lock_guard const lock(pool_->mutex);  // they count each other
    for (std::int32_t i = 0; i < threads; ++i)
        pool_->threads.emplace_back([pool = pool_.get()] { pool->work(); });
}

ThreadWorkers::~ThreadWorkers() {
    pool_->gone = true;
    {
        std::lock_guard const lock(pool_->mutex);
        pool_->ending = true;
    }
    pool_->condition.notify_all();
    for (auto& thread : pool_->threads) thread.join();
}

void ThreadWorkers::run(std::move_only_function<void()> work,
                        std::move_only_function<void()> finished) {
    pool_->add({std::move(work), std::move(finished)});
}

}  // namespace klamm::live
