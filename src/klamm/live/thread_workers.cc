#include "klamm/live/thread_workers.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace klamm::live {

/// Shared with what is posted to the loop, which may come when the Workers are gone.
struct ThreadWorkers::Pool : std::enable_shared_from_this<Pool> {
    using Function = std::move_only_function<void()>;
    struct Job {
        Function work;
        Function finished;
    };

    explicit Pool(bus::Loop& on) : loop(on) {}

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
            wake_one();
            lock.unlock();
            job.work();
            job.work = nullptr;
            lock.lock();
            finished.push_back(std::move(job.finished));
            if (std::exchange(told, true)) continue;
            lock.unlock();
            loop.post([pool = weak_from_this()] {
                if (auto const alive = pool.lock()) alive->bring();
            });
            lock.lock();
        }
    }

    /// One at a time: who is woken wakes the next one if there is more. So a short job costs one
    /// wake-up, and not one of each thread. Requires the lock.
    void wake_one() {
        if (waking || idle == 0 || jobs.empty()) return;
        waking = true;
        condition.notify_one();
    }

    /// On the loop.
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
    bool gone = false;  ///< the loop's
    std::mutex mutex;
    std::condition_variable condition;
    std::deque<Job> jobs;
    std::vector<Function> finished;
    bool told = false;    ///< bring() is on its way
    bool waking = false;  ///< somebody was notified and has not taken a job yet
    bool ending = false;
    int idle = 0;
    std::vector<std::thread> threads;
};

ThreadWorkers::ThreadWorkers(bus::Loop& loop, std::int32_t threads)
    : pool_(std::make_shared<Pool>(loop)) {
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
    std::lock_guard const lock(pool_->mutex);
    pool_->jobs.push_back({std::move(work), std::move(finished)});
    pool_->wake_one();
}

}  // namespace klamm::live
