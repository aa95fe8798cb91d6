// live/live_app.h - an App at work in this process: what start() gives, and run() waits for.
//
//     user's threads ── call and wait ──▶ loop: engine ── bus ──▶ broker in this process, or a
//     cluster HTTP ──────────── call and wait ──▶   │
//                                           └──▶ workers: handlers
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/handler/replay.h"
#include "klamm/host/http_port.h"
#include "klamm/live/app_pages.h"
#include "klamm/live/embedded_broker.h"
#include "klamm/live/setup.h"
#include "klamm/live/thread_loop.h"
#include "klamm/live/thread_workers.h"
#include "klamm/run.h"

#include <condition_variable>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

namespace klamm::live {

class LiveApp final : public Running {
public:
    /// Called on the loop, once: it is ready, or it has failed and error() says why.
    using Settled = std::function<void()>;

    /// As klamm::start says.
    [[nodiscard]] static std::expected<std::unique_ptr<LiveApp>, std::string> start(
        App const& app, Setup setup, Settled settled = {});
    ~LiveApp() override;

    bool stop(milliseconds patience) override;
    std::expected<void, std::string> wait_until_ready(milliseconds patience) override;
    Health health() const override;
    Counts counts() const override;
    std::string kafka_address() const override;
    std::string http_address() const override;
    std::expected<void, std::string> wait_until_processed(Position const& position,
                                                          milliseconds patience) override;
    std::expected<ReplayResult, std::string> replay(ReplayOptions const& options) override;

    Setup const& setup() const { return setup_; }
    bool ready() const;
    /// Why it could not be started; none: it could, or it is not known yet.
    std::optional<std::string> error() const;

private:
    /// What lives on the loop, and dies there in the reverse order.
    struct OnLoop {
        std::unique_ptr<bus::Bus> bus;
        std::unique_ptr<handler::Registry> registry;
        std::unique_ptr<handler::Codecs> codecs;
        std::unique_ptr<ThreadWorkers> workers;
        std::unique_ptr<handler::Engine> engine;
        std::map<int, std::unique_ptr<handler::Replay>> replays;
        int replays_begun = 0;
        bool companions = false;  ///< they run
    };
    struct Log final : handler::Observer {
        explicit Log(RunOptions const& run) : options(run) {}
        void log(std::string const& line) override;
        void trouble(std::string const& line);
        RunOptions const& options;
    };
    enum class Phase : std::uint8_t { starting, started, failed, stopped };

    LiveApp(App const& app, Setup setup, Settled settled);
    std::expected<void, std::string> open();
    std::expected<void, std::string> open_broker();
    std::expected<void, std::string> open_cluster();
    std::expected<void, std::string> make_engine();
    handler::Parts parts();
    void begin();
    void start_companions();
    void stop_companions();
    void wait_for_start();
    void watch();
    void enter(Phase phase, std::string why = {});
    AppView view();
    Phase phase() const;
    void end();
    template <class T, class Ask>
    std::expected<T, std::string> ask(Ask ask) const;
    template <class Look>
    auto look(Look look, std::invoke_result_t<Look, handler::Engine const&> otherwise) const;

    std::expected<Position, std::string> publish_event(std::string_view topic,
                                                       EventType const& type, void const* event,
                                                       PublishOptions options) override;
    std::expected<std::shared_ptr<void const>, std::string> request_event(
        std::string_view topic, EventType const& type, void const* event,
        EventType const& reply_type, milliseconds patience, PublishOptions options) override;

    App const app_;
    Setup const setup_;
    Log log_;
    Settled settled_;  ///< the loop's
    host::Metrics http_metrics_;
    AppView const view_;
    mutable ThreadLoop loop_;
    std::unique_ptr<EmbeddedBroker> broker_;
    std::unique_ptr<host::HttpPort> http_;  ///< on a cluster
    std::string kafka_address_;
    std::string http_address_;
    OnLoop on_loop_;  ///< the loop's

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Phase phase_ = Phase::starting;
    bool away_ = false;  ///< the log did not answer while it was started
    std::string why_;    ///< it failed
    Counts last_counts_;
    std::mutex stopping_;  ///< one at a time
};

}  // namespace klamm::live
