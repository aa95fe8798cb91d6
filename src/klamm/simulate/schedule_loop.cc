#include "klamm/simulate/schedule_loop.h"

#include <utility>

namespace klamm::simulated {

ScheduleLoop::ScheduleLoop(Schedule& schedule)
    : schedule_(schedule), self_(std::make_shared<ScheduleLoop*>(this)) {}

ScheduleLoop::~ScheduleLoop() {
    *self_ = nullptr;
    ended_ = true;
    jobs_.clear();  // may plan others, which come to nothing
}

void ScheduleLoop::after(Duration delay, Job job) {
    plan(std::max<sim::Time>(delay.count(), 0) * sim::millisecond, std::move(job));
}

void ScheduleLoop::plan(sim::Time delay, Job job) {
    if (ended_) return;
    auto const number = ++planned_;
    jobs_.emplace(number, std::move(job));
    wake_up(schedule_.now() + delay, number);
}

void ScheduleLoop::wake_up(sim::Time when, std::uint64_t number) {
    schedule_.at(when, [self = self_, number] {
        if (*self != nullptr) (*self)->run(number);
    });
}

void ScheduleLoop::run(std::uint64_t number) {
    if (schedule_.now() < frozen_until_) return wake_up(frozen_until_, number);
    if (ended_) return;
    if (may_run && !may_run()) {
        ended_ = true;
        return;
    }
    auto job = jobs_.extract(number);
    ++events_;
    job.mapped()();
}

void ScheduleWorkers::run(std::move_only_function<void()> work,
                          std::move_only_function<void()> finished) {
    loop_.plan(0, [this, work = std::move(work), finished = std::move(finished)]() mutable {
        work();
        loop_.plan(duration_(), std::move(finished));
    });
}

}  // namespace klamm::simulated
