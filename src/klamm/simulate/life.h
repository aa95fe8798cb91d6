// simulate/life.h - an instance of an App between its start and its end: a loop, a bus, workers,
// the engine. Destroying it is a crash.
#pragma once

#include "klamm/bus/embedded_bus.h"
#include "klamm/handler/engine.h"
#include "klamm/simulate/registry.h"
#include "klamm/simulate/schedule_loop.h"

#include <functional>
#include <memory>

namespace klamm::simulated {

using Connect = std::function<std::unique_ptr<bus::Connector>(ScheduleLoop&)>;

/// A process that has a bus and nothing else: who publishes, who redrives.
struct Process {
    Process(Schedule& schedule, Connect const& connect, bus::EmbeddedOptions options)
        : loop(schedule),
          connector(connect(loop)),
          bus(bus::make_embedded_bus(loop, *connector, options)) {}

    ScheduleLoop loop;
    std::unique_ptr<bus::Connector> connector;
    std::unique_ptr<bus::Bus> bus;
};

struct LifeOptions {
    handler::EngineOptions engine;
    bus::EmbeddedOptions bus;
    std::function<sim::Time()> run_takes;  ///< each run of a handler
};

class Life {
public:
    /// `app` is a copy of its own. The rest lives longer.
    Life(Schedule& schedule, Connect const& connect, SchemaRegistry& registry, App app,
         LifeOptions options, handler::Observer& observer)
        : app_(std::move(app)),
          process_(schedule, connect, options.bus),
          workers_(process_.loop, std::move(options.run_takes)),
          registry_(registry.client_for(app_, process_.loop)),
          codecs_(handler::make_codecs(app_.options().format, registry_.get(), process_.loop)),
          engine_(
              handler::make_engine(app_, std::move(options.engine),
                                   {process_.loop, *process_.bus, workers_, *codecs_, observer})) {}

    App const& app() const { return app_; }
    ScheduleLoop& loop() { return process_.loop; }
    bus::Bus& bus() { return *process_.bus; }
    handler::Engine& engine() { return *engine_; }
    handler::Engine const& engine() const { return *engine_; }

private:
    App app_;
    Process process_;
    ScheduleWorkers workers_;
    std::unique_ptr<handler::Registry> registry_;
    std::unique_ptr<handler::Codecs> codecs_;
    std::unique_ptr<handler::Engine> engine_;
};

}  // namespace klamm::simulated
