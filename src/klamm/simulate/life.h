// simulate/life.h - an instance of an App between its start and its end: a loop, a bus, workers,
// the engine. Destroying it is a crash.
#pragma once

#include "klamm/bus/embedded_bus.h"
#include "klamm/handler/engine.h"
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
    /// `app` is a copy of its own. `observer` and `schedule` live longer.
    Life(Schedule& schedule, Connect const& connect, App app, LifeOptions options,
         handler::Observer& observer)
        : app_(std::move(app)),
          process_(schedule, connect, options.bus),
          workers_(process_.loop, std::move(options.run_takes)),
          codecs_(handler::make_codecs(format_of(app_), nullptr, process_.loop)),
          engine_(
              handler::make_engine(app_, std::move(options.engine),
                                   {process_.loop, *process_.bus, workers_, *codecs_, observer})) {}

    App const& app() const { return app_; }
    ScheduleLoop& loop() { return process_.loop; }
    bus::Bus& bus() { return *process_.bus; }
    handler::Engine& engine() { return *engine_; }
    handler::Engine const& engine() const { return *engine_; }

private:
    /// There is no registry, and an App does not notice how its events are written.
    static Format format_of(App const& app) {
        auto const format = app.options().format;
        return format == Format::avro ? Format::json : format;
    }

    App app_;
    Process process_;
    ScheduleWorkers workers_;
    std::unique_ptr<handler::Codecs> codecs_;
    std::unique_ptr<handler::Engine> engine_;
};

}  // namespace klamm::simulated
