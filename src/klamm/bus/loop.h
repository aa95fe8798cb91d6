// bus/loop.h - one thread's worth of events: what runs after what, and what time it is.
//
// Everything above the bus runs on one loop and needs no locks. A loop is real (live/: a thread) or
// simulated (simulate/: the schedule of the simulation). When a loop ends, what is left in it is
// dropped without being run: jobs may refer to what lives as long as the loop.
#pragma once

#include "klamm/base/time.h"

#include <functional>

namespace klamm::bus {

class Loop {
public:
    using Job = std::move_only_function<void()>;

    virtual ~Loop() = default;
    /// Loop's thread only, as after().
    virtual Now now() const = 0;
    /// Runs `job` soon, behind what was posted before. Any thread.
    virtual void post(Job job) = 0;
    /// Runs `job` when `delay` has passed, never inside this call.
    virtual void after(Duration delay, Job job) = 0;
};

}  // namespace klamm::bus
