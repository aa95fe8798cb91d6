// host/broker_thread.h - the one thread that drives the state machine.
//
// It sleeps while there is nothing to do, takes all that is there when it wakes, and hands out
// all replies of a step together. It never waits for a socket or the disk.
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/host/inbox.h"
#include "klamm/host/metrics.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

namespace klamm::host {

/// The time of a step, from the clocks of the system.
Now system_now();

class BrokerThread {
public:
    /// All are called on this thread and must not block.
    struct Outlets {
        std::function<void(std::vector<broker::Reply>)> replies;
        std::function<void()> room;      ///< requests that were refused may be tried again
        std::function<void()> appended;  ///< the journal holds entries that are not durable
        std::function<void(broker::Broker&)> after_step;  ///< housekeeping: must be cheap
    };
    using Task = std::function<void(broker::Broker&, Now)>;

    BrokerThread(broker::Broker& broker, journal::Journal& journal, std::size_t requests_max,
                 Metrics& metrics);
    ~BrokerThread();  ///< stops it
    BrokerThread(BrokerThread const&) = delete;
    BrokerThread& operator=(BrokerThread const&) = delete;

    void start(Outlets outlets);
    /// Ends the thread after all that was handed in before.
    void stop();

    // ---- any thread ----------------------------------------------------------------------

    /// False when the queue is full: `request` is left as it was; room() will follow.
    [[nodiscard]] bool try_submit(broker::Request& request);
    void disconnected(broker::ConnectionId connection);
    void durable(journal::Position position);
    /// Runs `task` between two steps.
    void run(Task task);

    std::size_t queued() const { return inbox_.size(); }
    broker::Stats stats() const;  ///< as of the last step

private:
    struct Stop {};
    using Event =
        std::variant<broker::Request, broker::ConnectionId, journal::Position, Task, Stop>;

    void loop();
    bool step(std::vector<Event>& events);

    broker::Broker& broker_;
    journal::Journal& journal_;
    std::size_t const requests_max_;
    Metrics& metrics_;
    Outlets outlets_;
    Inbox<Event> inbox_;
    mutable std::mutex stats_mutex_;
    broker::Stats stats_;
    std::thread thread_;
};

}  // namespace klamm::host
