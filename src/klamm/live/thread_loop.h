// live/thread_loop.h - a loop that is a thread, with the real clock.
//
//     post ──▶ queue ──▶ taken all at once ──▶ run        woken only when it sleeps: who posts
//     after ─▶ timers ─▶ those that are due ──▶ run       from the loop itself never wakes it
//     sockets ─▶ poller ─▶ their watchers ────▶ run       it sleeps in the poller
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/remote/poller.h"

#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace klamm::live {

class ThreadLoop final : public bus::Loop {
public:
    ThreadLoop();
    /// Ends after the job that runs. Not on the loop's own thread.
    ~ThreadLoop() override;
    ThreadLoop(ThreadLoop const&) = delete;
    ThreadLoop& operator=(ThreadLoop const&) = delete;

    Now now() const override;
    void post(Job job) override;
    void after(Duration delay, Job job) override;

    /// Watchers are told between jobs. The loop's thread only.
    remote::Poller& poller() { return poller_; }
    bool on_loop() const { return std::this_thread::get_id() == thread_.get_id(); }
    /// Runs `function` on the loop and waits for what it returns. Any thread but the loop's.
    template <class F>
    auto call(F function) {
        using Result = std::invoke_result_t<F&>;
        std::promise<Result> promise;
        auto result = promise.get_future();
        post([&] {
            if constexpr (std::is_void_v<Result>) {
                function();
                promise.set_value();
            } else {
                promise.set_value(function());
            }
        });
        return result.get();
    }

private:
    using Clock = std::chrono::steady_clock;
    struct Timer {
        Clock::time_point due;
        std::uint64_t number = 0;  ///< of those that are due at the same time, in order
        Job job;
    };
    static bool later(Timer const& a, Timer const& b);

    void run();
    bool falls_asleep();
    bool take(std::vector<Job>& jobs);
    void run_due_timers();
    bool has_due_timer() const;
    std::chrono::nanoseconds until_next_timer() const;

    // The loop's thread:
    std::vector<Timer> timers_;  ///< a heap, the next one first
    std::uint64_t timer_number_ = 0;
    mutable Clock::duration wall_looked_up_ = -std::chrono::hours(1);  ///< since the clock's epoch
    mutable Clock::duration wall_ahead_{};

    remote::Poller poller_;
    std::mutex mutex_;
    std::vector<Job> queue_;
    bool asleep_ = false;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace klamm::live
