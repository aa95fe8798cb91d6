// handler/workers.h - where user code runs.
#pragma once

#include <functional>

namespace klamm::handler {

class Workers {
public:
    virtual ~Workers() = default;
    /// Runs `work`, which may take long and does not throw, and then `finished` on the loop, never
    /// inside this call. Destroying the Workers waits for work that runs, and drops the rest.
    virtual void run(std::move_only_function<void()> work,
                     std::move_only_function<void()> finished) = 0;
};

}  // namespace klamm::handler
