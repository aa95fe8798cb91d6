// simulate/schedule_loop.h - the loop of one process in a simulated world, and the workers on it.
//
// Many loops share one schedule. A loop that ends takes its events with it, as a process that dies
// does; one that is frozen runs them later, as a process that was stopped for a while.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/handler/workers.h"
#include "klamm/sim/schedule.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace klamm::simulated {

using sim::Schedule;

class ScheduleLoop final : public bus::Loop {
public:
    /// `schedule` lives longer.
    explicit ScheduleLoop(Schedule& schedule);
    ~ScheduleLoop() override;

    Now now() const override { return schedule_.broker_now(); }
    void post(Job job) override { plan(0, std::move(job)); }
    void after(Duration delay, Job job) override;
    /// In microseconds.
    void plan(sim::Time delay, Job job);

    /// Nothing runs before `until`.
    void freeze(sim::Time until) { frozen_until_ = until; }
    /// Asked before each event; false: it does not run, and none after it. May be empty.
    std::function<bool()> may_run;
    std::uint64_t events() const { return events_; }  ///< that have run
    Schedule& schedule() { return schedule_; }

private:
    void run(std::uint64_t number);
    void wake_up(sim::Time when, std::uint64_t number);

    Schedule& schedule_;
    std::shared_ptr<ScheduleLoop*> self_;  ///< what planned events know: null when it has ended
    std::map<std::uint64_t, Job> jobs_;
    std::uint64_t planned_ = 0;
    std::uint64_t events_ = 0;
    sim::Time frozen_until_ = 0;
    bool ended_ = false;
};

/// Runs user code on the loop, where it takes some simulated time.
class ScheduleWorkers final : public handler::Workers {
public:
    /// `duration` is asked for each run.
    ScheduleWorkers(ScheduleLoop& loop, std::function<sim::Time()> duration)
        : loop_(loop), duration_(std::move(duration)) {}
    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override;

private:
    ScheduleLoop& loop_;
    std::function<sim::Time()> duration_;
};

}  // namespace klamm::simulated
