// handler/workers.h - where user code runs.
#pragma once

#include <cstdint>
#include <functional>

namespace klamm::handler {

class Workers {
public:
    virtual ~Workers() = default;
    /// Runs `work`, which may take long and does not throw, and then `finished` on the loop, never
    /// inside this call. Destroying the Workers waits for work that runs, and drops the rest.
    virtual void run(std::move_only_function<void()> work,
                     std::move_only_function<void()> finished) = 0;
    /// For each of those that run at the same time, so many may be handed over: threads that find
    /// the next work when they have done one need not be woken for it.
    virtual std::int32_t ahead() const { return 1; }
};

}  // namespace klamm::handler
