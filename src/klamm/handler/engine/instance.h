// handler/engine/instance.h - the engine: start, one membership after another, stop; and what can
// be asked of it from outside.
#pragma once

#include "klamm/handler/engine/membership.h"
#include "klamm/handler/engine/services.h"
#include "klamm/handler/engine/watch.h"

#include <memory>
#include <string>

namespace klamm::handler {

class Instance final : public Engine {
public:
    Instance(App const& app, EngineOptions options, Parts parts);
    ~Instance() override;

    void start(bus::Done<void> done) override;
    void stop(Duration patience, std::move_only_function<void(bool all)> done) override;
    Health health() const override { return watch_.health(); }
    Counts counts() const override { return core_.counts; }
    bool ready() const override { return ready_; }
    bool idle() const override;
    void publish(std::string const& topic, EventType const& type, std::shared_ptr<void const> event,
                 PublishOptions options, bus::Done<Position> done) override {
        services_.publish(topic, type, std::move(event), std::move(options), std::move(done));
    }
    void wait_until_processed(Position const& position, Duration patience,
                              bus::Done<void> done) override {
        services_.wait_until_processed(position, patience, std::move(done));
    }
    void request(std::string const& topic, EventType const& type, std::shared_ptr<void const> event,
                 EventType const& reply_type, Duration patience, PublishOptions options,
                 bus::Done<std::shared_ptr<void const>> done) override {
        services_.request(topic, type, std::move(event), reply_type, patience, std::move(options),
                          std::move(done));
    }

private:
    enum class Phase : std::uint8_t { made, starting, working, stopping, stopped };
    // Steps of the start, one after the other; each is asked again while the log is away.
    void probe();
    void ask_topics();
    void make_topics();
    void check_again();
    void check_topics();
    void prepare();
    void join();

    void describe(std::move_only_function<void()> then, void (Instance::*step)());
    /// Tries a step again later, or ends the start.
    void failed(bus::Error const& error, void (Instance::*step)());
    void note(bus::Error const& error);  ///< for the health
    void refuse(std::string why);
    Watch::Standing standing() const;
    void not_joined(bus::Error const& error);
    void broken(bus::Error const& error);

    Watch watch_;  ///< between the engine and its observer
    Core core_;
    Phase phase_ = Phase::made;
    bool ready_ = false;
    bool assigned_ = false;    ///< in this membership
    std::string why_;          ///< why it is not working; empty: it is
    std::int32_t tries_ = 0;   ///< of the step, or of joining, in a row
    std::int32_t fenced_ = 0;  ///< times in a row
    std::string away_;         ///< why the log does not answer; empty: it does
    bus::Done<void> started_;
    std::unique_ptr<Membership> membership_;
    Services services_;
    Alive alive_;
};

}  // namespace klamm::handler
