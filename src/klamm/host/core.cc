#include "klamm/host/core.h"

#include <future>
#include <limits>
#include <thread>
#include <utility>

namespace klamm::host {
namespace {

using std::chrono::steady_clock;

constexpr auto settle_pause = std::chrono::milliseconds(1);

/// In memory, moving records out of the journal would only copy them.
Options fitted(Options options) {
    if (options.durability == Durability::memory)
        options.broker.journal_bytes = std::numeric_limits<std::int64_t>::max();
    return options;
}

}  // namespace

std::expected<std::unique_ptr<Core>, std::string> Core::start(Options const& options, Ends ends) {
    auto const fit = fitted(options);
    auto recovered = recover(fit);
    if (!recovered) return std::unexpected(recovered.error());
    std::unique_ptr<Core> core(new Core(fit, std::move(*recovered)));
    core->run(std::move(ends));
    return core;
}

Core::Core(Options const& options, Recovered world)
    : options_(options),
      world_(std::move(world)),
      broker_(*world_.broker, *world_.journal, std::size_t(options_.requests_queued_max), metrics_),
      journal_(*world_.journal, metrics_),
      cold_reads_(*world_.journal, *world_.extents, options_.cold_bytes_max, metrics_),
      housekeeping_(options_, *world_.journal, world_.disk, *world_.extents, broker_),
      registry_(broker_, world_.broker->cluster_id()) {}

Core::~Core() { stop(); }

void Core::run(Ends ends) {
    journal_.start([this](journal::Position durable) {
        broker_.durable(durable);
        housekeeping_.look();
    });
    broker_.start({
        .replies = std::move(ends.replies),
        .room = std::move(ends.room),
        .appended = [this] { journal_.wake(); },
        .after_step =
            [this](broker::Broker& broker) {
                housekeeping_.consider(broker);
                if (auto notices = broker.take_notices(); !notices.empty())
                    notices_.add(std::move(notices));
            },
        .registry = [this](registry::State const& state) { registry_.durable(state); },
    });
    journal_.wake();  // the broker's start may have journaled something
    cold_reads_.start();
    housekeeping_.start();
    registry_.start();
    running_ = ready_ = true;
}

void Core::drain(steady_clock::time_point until) {
    ready_ = false;
    registry_.stop();
    while (steady_clock::now() < until) {
        std::promise<bool> settled;
        broker_.run([&settled](broker::Broker& broker, Now) {
            settled.set_value(broker.stats().replies_waiting == 0);
        });
        if (settled.get_future().get() && broker_.queued() == 0) return;
        std::this_thread::sleep_for(settle_pause);
    }
}

void Core::stop() {
    if (!std::exchange(running_, false)) return;
    ready_ = false;
    registry_.stop();
    cold_reads_.stop();
    broker_.stop();
    journal_.stop();
    housekeeping_.stop();
    housekeeping_.save_last(*world_.broker);
}

Gauges Core::gauges() const {
    auto const& journal = *world_.journal;
    Gauges gauges;
    gauges.broker = broker_.stats();
    if (world_.disk != nullptr) gauges.disk = world_.disk->stats();
    gauges.journal_bytes = std::uint64_t(journal.next()) - std::uint64_t(journal.first());
    gauges.requests_queued = broker_.queued();
    gauges.replies_cold_queued = cold_reads_.queued();
    gauges.cold_bytes = cold_reads_.bytes();
    gauges.registry_queued = registry_.queued();
    gauges.ready = ready_;
    return gauges;
}

}  // namespace klamm::host
