// host/broker_thread.h - drives the state machine, on one thread at a time.
//
// A step takes all that is there and hands out all its replies together; it never waits for a
// socket or the disk. An I/O thread that brings requests, and the journal's thread that brings the
// durable position, make the step themselves when no other thread is in one: waking another thread
// would cost more than the step. The class's own thread does what is due at a time, and what others
// leave.
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/host/inbox.h"
#include "klamm/host/metrics.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

namespace klamm::host {

/// The time of a step, from the clocks of the system.
Now system_now();

class BrokerThread {
public:
    /// All are called within a step, by the thread that makes it, and must not block.
    struct Outlets {
        std::function<void(std::vector<broker::Reply>)> replies;
        std::function<void()> room;      ///< requests that were refused may be tried again
        std::function<void()> appended;  ///< the journal holds entries that are not durable
        std::function<void(broker::Broker&)> after_step;  ///< housekeeping: must be cheap
        /// What is durable of the schema registry has changed: registry() has it.
        std::function<void(registry::State const&)> registry;
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

    /// False when the queue is full: `request` is left as it was; room() will follow. Else the
    /// caller calls help() soon.
    [[nodiscard]] bool try_submit(broker::Request& request);
    /// Makes the steps that are to be made, unless another thread is at it.
    void help() { help(turns_in_a_row_max); }
    void disconnected(broker::ConnectionId connection);
    /// Makes a step, too.
    void durable(journal::Position position);
    /// Runs `task` between two steps.
    void run(Task task);

    std::size_t queued() const { return inbox_.size(); }
    broker::Stats stats() const;  ///< as of the last step
    /// What prepare() wants to know, as of the last step; null where there is nothing to know.
    struct ForPrepare {
        std::shared_ptr<broker::Compressions const> compressions;
        std::shared_ptr<broker::Validations const> validations;
    };
    /// Costs one look at a flag when both are null.
    ForPrepare for_prepare() const;
    /// What is durable of the schema registry, as of the last step.
    registry::State registry() const;

private:
    using Event = std::variant<broker::Request, broker::ConnectionId, journal::Position, Task>;
    static constexpr int turns_in_a_row_max = 4;  ///< then the own thread takes over

    void loop();
    void help(int turns);
    void turn(Inbox<Event>::Turn const& taken);
    void step();
    void publish();

    broker::Broker& broker_;
    journal::Journal& journal_;
    std::size_t const requests_max_;
    Metrics& metrics_;
    Outlets outlets_;
    Inbox<Event> inbox_;
    // Of who has the turn:
    std::vector<Event> events_;
    journal::Position told_{};

    mutable std::mutex stats_mutex_;
    broker::Stats stats_;
    ForPrepare for_prepare_;
    std::atomic<bool> anything_for_prepare_{false};
    registry::State registry_;
    std::thread thread_;
};

}  // namespace klamm::host
