// sim/schedule.h - simulated time, and what happens when.
//
// Events run in the order of their time; those of one moment in the order in which they were
// planned. Nothing else moves the clock, so a minute of waiting costs nothing.
#pragma once

#include "klamm/base/time.h"

#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace klamm::sim {

/// Microseconds since the world began.
using Time = std::int64_t;
inline constexpr Time millisecond = 1'000;
inline constexpr Time second = 1'000'000;

class Schedule {
public:
    using Event = std::move_only_function<void()>;

    Time now() const { return now_; }
    /// As the broker is told it.
    Now broker_now() const {
        return {Instant{Duration{now_ / millisecond}}, wall_ms_at_start + now_ / millisecond};
    }

    void after(Time delay, Event event) { at(now_ + delay, std::move(event)); }
    void at(Time when, Event event) {
        events_.emplace(std::pair{std::max(when, now_), planned_++}, std::move(event));
    }
    /// Runs the next event. False when there is none.
    bool step() {
        if (events_.empty()) return false;
        auto next = events_.extract(events_.begin());
        now_ = next.key().first;
        next.mapped()();
        return true;
    }

    /// `co_await schedule.sleep(5 * millisecond);`
    auto sleep(Time delay) {
        struct Awaiter {
            Schedule& schedule;
            Time delay;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> waiting) {
                schedule.after(delay, [waiting] { waiting.resume(); });
            }
            void await_resume() const noexcept {}
        };
        return Awaiter{*this, delay};
    }

private:
    static constexpr std::int64_t wall_ms_at_start = 1'800'000'000'000;

    Time now_ = 0;
    std::uint64_t planned_ = 0;
    std::map<std::pair<Time, std::uint64_t>, Event> events_;
};

}  // namespace klamm::sim
