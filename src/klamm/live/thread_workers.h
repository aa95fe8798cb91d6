// live/thread_workers.h - a pool of threads that run handlers; results go back to the loop, all
// that are there at once.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/handler/workers.h"

#include <cstdint>
#include <memory>

namespace klamm::live {

class ThreadWorkers final : public handler::Workers {
public:
    ThreadWorkers(bus::Loop& loop, std::int32_t threads);
    /// On the loop: no `finished` runs any more.
    ~ThreadWorkers() override;
    ThreadWorkers(ThreadWorkers const&) = delete;
    ThreadWorkers& operator=(ThreadWorkers const&) = delete;

    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override;
    std::int32_t ahead() const override { return 64; }

private:
    struct Pool;
    std::shared_ptr<Pool> pool_;
};

}  // namespace klamm::live
