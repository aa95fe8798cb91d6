#include "klamm/simulate/broker_side.h"

#include "klamm/sim/server.h"
#include "klamm/simulate/memory_broker.h"
#include "klamm/simulate/network_connector.h"

namespace klamm::simulated {
namespace {

// So that members that are gone are found out soon.
constexpr Duration session{8'000};
constexpr Duration heartbeat{1'000};

void set_sessions(broker::Options& options) {
    options.auto_create_topics_enable = false;
    options.group_consumer_session_timeout_ms = session;
    options.group_consumer_min_session_timeout_ms = session;
    options.group_consumer_heartbeat_interval_ms = heartbeat;
    options.group_consumer_min_heartbeat_interval_ms = heartbeat;
}

broker::Options sound_options() {
    broker::Options options;
    set_sessions(options);
    return options;
}

class Sound final : public BrokerSide {
public:
    Sound(Schedule& schedule, std::uint64_t seed) : broker_(schedule, sound_options(), seed) {}
    std::unique_ptr<bus::Connector> connector(ScheduleLoop& loop) override {
        return broker_.connector(loop);
    }
    std::optional<kafka::AnyResponse> ask_now(kafka::AnyRequest request,
                                              kafka::ApiVersion version) override {
        return broker_.ask_now(std::move(request), version);
    }
    bool settled() const override { return true; }
    void set_calm(bool) override {}

private:
    MemoryBroker broker_;
};

class Failing final : public BrokerSide {
public:
    Failing(Plan const& plan, Schedule& schedule, sim::Trace& trace, sim::Violations& violations,
            std::uint64_t seed)
        : plan_(broker_plan(plan)),
          services_{plan_, schedule, trace, violations, checkers_},
          network_(services_, seed + 1),
          server_(services_, network_, seed + 2) {
        services_.calm = true;
        auto& options = server_.options();
        set_sessions(options);
        // Merging often enough to be met, and not all the time.
        options.journal_bytes = 64 * 1024;
        options.storage_job_bytes = 64 * 1024;
        server_.power_on();
    }
    std::unique_ptr<bus::Connector> connector(ScheduleLoop& loop) override {
        return make_network_connector(services_, network_, loop);
    }
    std::optional<kafka::AnyResponse> ask_now(kafka::AnyRequest request,
                                              kafka::ApiVersion version) override {
        return server_.ask_now(std::move(request), version);
    }
    bool settled() const override { return server_.settled(); }
    void set_calm(bool calm) override {
        services_.calm = calm;
        if (calm) server_.heal();
    }

private:
    sim::Plan const plan_;
    sim::Checkers checkers_;
    sim::Services services_;
    sim::Network network_;
    sim::Server server_;
};

}  // namespace

std::unique_ptr<BrokerSide> make_broker_side(Plan const& plan, Schedule& schedule,
                                             sim::Trace& trace, sim::Violations& violations,
                                             std::uint64_t seed) {
    if (plan.sound) return std::make_unique<Sound>(schedule, seed);
    return std::make_unique<Failing>(plan, schedule, trace, violations, seed);
}

}  // namespace klamm::simulated
