// bus/loop_fixture.h - for tests: a loop in virtual time, which stands still until it is told to go
// on.
#pragma once

#include "klamm/bus/loop.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace klamm::bus {

class VirtualLoop final : public Loop {
public:
    Now now() const override { return {now_, wall_ms_at_start + now_.time_since_epoch().count()}; }
    void post(Job job) override { after(Duration{0}, std::move(job)); }
    void after(Duration delay, Job job) override {
        jobs_.emplace(std::pair{now_ + std::max(delay, Duration{0}), number_++}, std::move(job));
    }
    std::size_t planned() const { return jobs_.size(); }

    /// Runs the next job, if it is due by `until`.
    bool step(Instant until = Instant::max()) {
        if (jobs_.empty() || jobs_.begin()->first.first > until) return false;
        auto next = jobs_.extract(jobs_.begin());
        now_ = next.key().first;
        next.mapped()();
        return true;
    }
    void pass(Duration time) {
        auto const until = now_ + time;
        while (step(until)) {}
        now_ = until;
    }
    /// Until nothing is planned any more.
    void pass_all() {
        while (step()) {}
    }
    /// As in a crash.
    void drop_all() { jobs_.clear(); }

private:
    static constexpr std::int64_t wall_ms_at_start = 1'700'000'000'000;
    Instant now_{Duration{1'000'000}};
    std::uint64_t number_ = 0;
    std::map<std::pair<Instant, std::uint64_t>, Job> jobs_;
};

}  // namespace klamm::bus
