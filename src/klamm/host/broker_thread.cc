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
    told_ = journal_.next();
    registry_ = broker_.durable_registry();
    inbox_.push([](broker::Broker&, Now) {});  // what was due before the start
    thread_ = std::thread([this] { loop(); });
}

void BrokerThread::stop() {
    if (!thread_.joinable()) return;
    inbox_.close();
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
void BrokerThread::durable(journal::Position position) {
    inbox_.push(position, Inbox<Event>::Then::try_take);
    help(1);  // the next commit waits for it
}
void BrokerThread::run(Task task) { inbox_.push(std::move(task)); }

broker::Stats BrokerThread::stats() const {
    std::lock_guard const lock(stats_mutex_);
    return stats_;
}

BrokerThread::ForPrepare BrokerThread::for_prepare() const {
    if (!anything_for_prepare_) return {};
    std::lock_guard const lock(stats_mutex_);
    return for_prepare_;
}

registry::State BrokerThread::registry() const {
    std::lock_guard const lock(stats_mutex_);
    return registry_;
}

/// What other threads may know of the broker between its steps.
void BrokerThread::publish() {
    auto const& compressions = broker_.compressions();
    auto const& validations = broker_.validations();
    auto const& registry = broker_.durable_registry();
    bool const changed = registry_.version() != registry.version();
    {
        std::lock_guard const lock(stats_mutex_);
        stats_ = broker_.stats();
        if (changed) registry_ = registry;
        if (for_prepare_.compressions != compressions || for_prepare_.validations != validations) {
            for_prepare_ = {compressions, validations};
            anything_for_prepare_ = compressions != nullptr || validations != nullptr;
        }
    }
    if (changed) outlets_.registry(registry);
}

void BrokerThread::step() {
    auto const now = system_now();
    for (auto& event : events_) {
        if (auto* const request = std::get_if<broker::Request>(&event))
            broker_.submit(std::move(*request), now);
        else if (auto const* const connection = std::get_if<broker::ConnectionId>(&event))
            broker_.disconnected(*connection, now);
        else if (auto const* const position = std::get_if<journal::Position>(&event))
            broker_.durable(*position, now);
        else
            std::get<Task>(event)(broker_, now);
    }
    events_.clear();
    if (auto const due = broker_.next_tick(); due && *due <= now.instant) broker_.tick(now);
}

/// Requires the turn, and ends it.
void BrokerThread::turn(Inbox<Event>::Turn const& taken) {
    metrics_.broker_steps.add();
    if (taken.woken) metrics_.broker_wakeups.add();
    step();
    if (auto const next = journal_.next(); next != told_) {
        told_ = next;
        outlets_.appended();
    }
    if (auto replies = broker_.take_replies(); !replies.empty())
        outlets_.replies(std::move(replies));
    if (taken.refused) outlets_.room();
    outlets_.after_step(broker_);
    publish();
    std::optional<std::chrono::steady_clock::time_point> due;
    if (auto const tick = broker_.next_tick())
        due = std::chrono::steady_clock::time_point(tick->time_since_epoch());
    inbox_.done(due);
}

void BrokerThread::help(int turns) {
    for (; turns > 0; --turns) {
        auto const taken = inbox_.try_take(events_);
        if (!taken) return;
        turn(*taken);
    }
    inbox_.leave();
}

void BrokerThread::loop() {
    while (true) {
        auto const taken = inbox_.take(events_);
        if (taken.closed) return;
        turn(taken);
    }
}

}  // namespace klamm::host
