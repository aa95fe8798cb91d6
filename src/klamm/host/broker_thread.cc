#include "klamm/host/broker_thread.h"

#include <chrono>
#include <optional>
#include <utility>

namespace klamm::host {

Now system_now() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    auto const steady = std::chrono::steady_clock::now().time_since_epoch();
    auto const wall = std::chrono::system_clock::now().time_since_epoch();
    return {Instant(duration_cast<milliseconds>(steady)),
            duration_cast<milliseconds>(wall).count()};
}

BrokerThread::BrokerThread(broker::Broker& broker, journal::Journal& journal,
                           std::size_t requests_max, Metrics& metrics)
    : broker_(broker), journal_(journal), requests_max_(requests_max), metrics_(metrics) {}

BrokerThread::~BrokerThread() { stop(); }

void BrokerThread::start(Outlets outlets) {
    outlets_ = std::move(outlets);
    thread_ = std::thread([this] { loop(); });
}

void BrokerThread::stop() {
    if (!thread_.joinable()) return;
    inbox_.push(Stop{});
    thread_.join();
}

bool BrokerThread::try_submit(broker::Request& request) {
    Event event(std::move(request));
    if (inbox_.try_push(event, requests_max_)) return true;
    request = std::get<broker::Request>(std::move(event));
    return false;
}

// The following are bounded by the number of connections, by one commit at a time, and by the
// world's few tasks.
void BrokerThread::disconnected(broker::ConnectionId connection) { inbox_.push(connection); }
void BrokerThread::durable(journal::Position position) { inbox_.push(position); }
void BrokerThread::run(Task task) { inbox_.push(std::move(task)); }

broker::Stats BrokerThread::stats() const {
    std::lock_guard const lock(stats_mutex_);
    return stats_;
}

/// False when the thread is to end.
bool BrokerThread::step(std::vector<Event>& events) {
    auto const now = system_now();
    bool go_on = true;
    for (auto& event : events) {
        if (auto* const request = std::get_if<broker::Request>(&event))
            broker_.submit(std::move(*request), now);
        else if (auto const* const connection = std::get_if<broker::ConnectionId>(&event))
            broker_.disconnected(*connection, now);
        else if (auto const* const position = std::get_if<journal::Position>(&event))
            broker_.durable(*position, now);
        else if (auto const* const task = std::get_if<Task>(&event))
            (*task)(broker_, now);
        else
            go_on = false;
    }
    if (auto const due = broker_.next_tick(); due && *due <= now.instant) broker_.tick(now);
    return go_on;
}

void BrokerThread::loop() {
    std::vector<Event> events;
    auto told = journal_.next();
    bool go_on = true;
    while (go_on) {
        std::optional<std::chrono::steady_clock::time_point> until;
        if (auto const due = broker_.next_tick())
            until = std::chrono::steady_clock::time_point(due->time_since_epoch());
        auto const taken = inbox_.take(events, until);
        metrics_.broker_steps.add();
        if (taken.woken) metrics_.broker_wakeups.add();

        go_on = step(events);
        events.clear();
        if (auto const next = journal_.next(); next != told) {
            told = next;
            outlets_.appended();
        }
        if (auto replies = broker_.take_replies(); !replies.empty())
            outlets_.replies(std::move(replies));
        if (taken.refused) outlets_.room();
        outlets_.after_step(broker_);
        std::lock_guard const lock(stats_mutex_);
        stats_ = broker_.stats();
    }
}

}  // namespace klamm::host
