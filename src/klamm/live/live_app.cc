#include "klamm/live/live_app.h"

#include "klamm/bus/embedded_bus.h"
#include "klamm/handler/companion.h"
#include "klamm/host/log.h"
#include "klamm/live/cluster_bus.h"
#include "klamm/live/registries.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <utility>

namespace klamm::live {
namespace {

using std::chrono::steady_clock;

/// How often the loop looks whether a start has come to something.
constexpr Duration watch_interval{5};
constexpr milliseconds last_patience{30'000};  ///< of a destructor

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    std::ignore = ::getrandom(&seed, sizeof seed, 0);  // of jitter and ids: any will do
    return seed;
}

}  // namespace

void LiveApp::Log::log(std::string const& line) {
    if (options.quiet) return;  // what is wrong, the health says
    if (options.log)
        options.log(line);
    else
        host::log_info(line);
}

void LiveApp::Log::trouble(std::string const& line) {
    if (options.log)
        options.log(line);
    else
        host::log_warning(line);
}

LiveApp::LiveApp(App const& app, Setup setup, Settled settled)
    : app_(app),
      setup_(std::move(setup)),
      log_(setup_.run),
      settled_(std::move(settled)),
      view_(view()) {}

LiveApp::~LiveApp() {
    stop(last_patience);
    end();
}

AppView LiveApp::view() {
    return {.name = app_.name(),
            .health = [this] { return health(); },
            .counts = [this] { return counts(); },
            .ready = [this] { return ready(); }};
}

// ---- starting ------------------------------------------------------------------------------

std::expected<std::unique_ptr<LiveApp>, std::string> LiveApp::start(App const& app, Setup setup,
                                                                    Settled settled) {
    std::unique_ptr<LiveApp> made(new LiveApp(app, std::move(setup), std::move(settled)));
    if (auto const opened = made->open(); !opened) return std::unexpected(opened.error());
    made->begin();
    made->wait_for_start();
    if (auto const why = made->error()) return std::unexpected(*why);
    return made;
}

std::expected<void, std::string> LiveApp::open() {
    auto const opened = setup_.embedded ? open_broker() : open_cluster();
    if (!opened) return opened;
    if (broker_) {
        auto const written = [](host::Address const& address) {
            return address.host.empty() ? "" : to_string(address);
        };
        kafka_address_ = written(broker_->server().kafka_address());
        http_address_ = written(broker_->server().http_address());
    } else if (http_) {
        http_address_ = to_string(http_->address());
    }
    return loop_.call([this] { return make_engine(); });
}

std::expected<void, std::string> LiveApp::open_broker() {
    auto started = EmbeddedBroker::start(
        loop_, setup_.broker,
        {.page = [this](std::string_view path) { return app_page(view_, path); },
         .metrics = [this] { return app_metrics(view_); }});
    if (!started) return std::unexpected(started.error());
    broker_ = std::move(*started);
    return {};
}

std::expected<void, std::string> LiveApp::open_cluster() {
    if (!setup_.http) return {};
    auto bound = host::HttpPort::bind(*setup_.http);
    if (!bound) return std::unexpected(bound.error());
    http_ = std::move(*bound);
    return http_->start(http_metrics_,
                        [this](host::HttpExchange& exchange) { serve_app(view_, exchange); });
}

std::expected<void, std::string> LiveApp::make_engine() {
    auto const& run = setup_.run;
    auto& on = on_loop_;
    if (setup_.embedded) {
        on.bus = bus::make_embedded_bus(loop_, broker_->connector(), {.seed = random_seed()});
    } else {
        auto made =
            make_cluster_bus(loop_, loop_.poller(),
                             {.bootstrap = run.bootstrap,
                              .client = run.client,
                              .seed = random_seed(),
                              .log = run.log,
                              .say = [this](std::string const& line) { log_.log(line); },
                              .trouble = [this](std::string const& line) { log_.trouble(line); }});
        if (!made) return std::unexpected(made.error());
        on.bus = std::move(*made);
    }
    if (!run.registry.empty())
        on.registry = http_registry(run.registry, loop_);
    else if (broker_)
        on.registry = local_registry(broker_->server().core().registry(), loop_);
    on.codecs = handler::make_codecs(app_.options().format, on.registry.get(), loop_);
    on.workers = std::make_unique<ThreadWorkers>(loop_, app_.options().concurrency);
    on.engine = handler::make_engine(app_,
                                     {.instance = run.instance,
                                      .member_is_named = setup_.named,
                                      .seed = random_seed(),
                                      .session_timeout = run.session_timeout,
                                      .transaction_timeout = run.transaction_timeout},
                                     parts());
    return {};
}

handler::Parts LiveApp::parts() {
    return {loop_, *on_loop_.bus, *on_loop_.workers, *on_loop_.codecs, log_};
}

void LiveApp::begin() {
    loop_.call([this] {
        on_loop_.engine->start([this](bus::Result<void> result) {
            if (!result) return enter(Phase::failed, result.error().why);
            start_companions();
            enter(Phase::started);
        });
        watch();
    });
}

void LiveApp::start_companions() {
    on_loop_.companions = true;
    for (auto const& companion : app_.companions())
        companion->start(
            {loop_, *on_loop_.bus, [this](std::string const& line) { log_.trouble(line); }});
}

void LiveApp::stop_companions() {
    if (!std::exchange(on_loop_.companions, false)) return;
    for (auto const& companion : app_.companions()) companion->stop();
}

/// On the loop, until it is ready or has failed. A log that is away lets start() return.
void LiveApp::watch() {
    if (!on_loop_.engine) return;
    auto const now = phase();
    if (now == Phase::failed || (now == Phase::started && on_loop_.engine->ready())) {
        if (settled_) settled_();
        return;
    }
    if (now == Phase::starting) {
        auto const problems = on_loop_.engine->health().problems;
        bool const away = std::ranges::any_of(problems, [](Problem const& problem) {
            return problem.kind == Problem::Kind::engine_away;
        });
        if (away) {
            std::lock_guard const lock(mutex_);
            away_ = true;
            changed_.notify_all();
        }
    }
    loop_.after(watch_interval, [this] { watch(); });
}

void LiveApp::enter(Phase phase, std::string why) {
    {
        std::lock_guard const lock(mutex_);
        phase_ = phase;
        if (!why.empty()) why_ = std::move(why);
    }
    changed_.notify_all();
}

void LiveApp::wait_for_start() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return phase_ != Phase::starting || away_; });
}

LiveApp::Phase LiveApp::phase() const {
    std::lock_guard const lock(mutex_);
    return phase_;
}

std::optional<std::string> LiveApp::error() const {
    std::lock_guard const lock(mutex_);
    if (why_.empty()) return std::nullopt;
    return why_;
}

std::expected<void, std::string> LiveApp::wait_until_ready(milliseconds patience) {
    auto const until = steady_clock::now() + patience;
    while (true) {
        if (auto const why = error()) return std::unexpected(*why);
        if (ready()) return {};
        std::unique_lock lock(mutex_);
        if (phase_ == Phase::stopped) return std::unexpected("it was stopped");
        if (steady_clock::now() >= until) break;
        changed_.wait_for(lock, watch_interval);
    }
    std::string why = fmt::format("it is not ready after {} ms", patience.count());
    for (auto const& problem : health().problems) why += "; " + problem.why;
    return std::unexpected(why);
}

// ---- stopping ------------------------------------------------------------------------------

bool LiveApp::stop(milliseconds patience) {
    std::lock_guard const one(stopping_);
    if (phase() == Phase::stopped) return true;
    auto const all = ask<bool>([this, patience](handler::Engine& engine, bus::Done<bool> done) {
        stop_companions();
        engine.stop(patience,
                    [done = std::move(done)](bool nothing_left) mutable { done(nothing_left); });
    });
    enter(Phase::stopped);
    end();
    return all.value_or(true);  // there was no engine, so nothing was left
}

/// What is on the loop ends there; then the broker saves what it has.
void LiveApp::end() {
    loop_.call([this] {
        stop_companions();
        if (on_loop_.engine) {
            std::lock_guard const lock(mutex_);
            last_counts_ = on_loop_.engine->counts();
        }
        on_loop_.replays.clear();
        on_loop_.engine.reset();
        on_loop_.workers.reset();
        on_loop_.codecs.reset();
        on_loop_.registry.reset();
        on_loop_.bus.reset();
    });
    if (http_) http_->stop();
    if (broker_) broker_->server().stop();
}

// ---- what is asked of it -------------------------------------------------------------------

/// Asks the engine on the loop, and waits for what it says.
template <class T, class Ask>
std::expected<T, std::string> LiveApp::ask(Ask ask) const {
    // The promise is only with who will keep it: when the engine ends before, it is broken.
    std::promise<bus::Result<T>> promise;
    auto future = promise.get_future();
    loop_.post([this, promise = std::move(promise), ask = std::move(ask)]() mutable {
        if (on_loop_.engine)
            ask(*on_loop_.engine,
                bus::Done<T>([promise = std::move(promise)](bus::Result<T> result) mutable {
                    promise.set_value(std::move(result));
                }));
    });
    try {
        auto result = future.get();
        if (!result) return std::unexpected(result.error().why);
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return std::move(*result);
    } catch (std::future_error const&) {
        return std::unexpected("it was stopped");
    }
}

/// What `look` finds, or `otherwise` when there is no engine. Any thread.
template <class Look>
auto LiveApp::look(Look look, std::invoke_result_t<Look, handler::Engine const&> otherwise) const {
    auto const found = [&] {
        return on_loop_.engine ? look(std::as_const(*on_loop_.engine)) : std::move(otherwise);
    };
    return loop_.on_loop() ? found() : loop_.call(found);
}

Health LiveApp::health() const {
    auto health = look(
        [this](handler::Engine const& engine) {
            auto all = engine.health();
            if (!on_loop_.companions) return all;
            for (auto const& companion : app_.companions())
                std::ranges::move(companion->problems(), std::back_inserter(all.problems));
            return all;
        },
        {});
    std::lock_guard const lock(mutex_);
    using Kind = Problem::Kind;
    auto const says = [&](Kind kind) {
        return std::ranges::any_of(health.problems,
                                   [kind](Problem const& each) { return each.kind == kind; });
    };
    if (phase_ == Phase::failed && !says(Kind::stopped))
        health.problems.push_back(
            {.kind = Kind::stopped, .why = fmt::format("It could not be started: {}", why_)});
    if (phase_ == Phase::stopped && !says(Kind::stopped))
        health.problems.push_back({.kind = Kind::stopped, .why = "It was stopped."});
    if (phase_ == Phase::starting && health.healthy())
        health.problems.push_back({.kind = Kind::not_started, .why = "It is being started."});
    return health;
}

Counts LiveApp::counts() const {
    auto last = [this] {
        std::lock_guard const lock(mutex_);
        return last_counts_;
    }();
    return look([](handler::Engine const& engine) { return engine.counts(); }, last);
}

bool LiveApp::ready() const {
    return phase() == Phase::started &&
           look([](handler::Engine const& engine) { return engine.ready(); }, false);
}

std::string LiveApp::kafka_address() const { return kafka_address_; }
std::string LiveApp::http_address() const { return http_address_; }

std::expected<void, std::string> LiveApp::wait_until_processed(Position const& position,
                                                               milliseconds patience) {
    return ask<void>([position, patience](handler::Engine& engine, bus::Done<void> done) {
        engine.wait_until_processed(position, patience, std::move(done));
    });
}

std::expected<ReplayResult, std::string> LiveApp::replay(ReplayOptions const& options) {
    return ask<ReplayResult>([this, options](handler::Engine&, bus::Done<ReplayResult> done) {
        auto const number = on_loop_.replays_begun++;
        auto over = [this, number,
                     done = std::move(done)](bus::Result<ReplayResult> result) mutable {
            loop_.post([this, number] { on_loop_.replays.erase(number); });
            done(std::move(result));
        };
        on_loop_.replays[number] = handler::start_replay(app_, options, parts(), std::move(over));
    });
}

// Who waits for the answer holds the event: it outlives the question.

std::expected<Position, std::string> LiveApp::publish_event(std::string_view topic,
                                                            EventType const& type,
                                                            void const* event,
                                                            PublishOptions options) {
    std::shared_ptr<void const> const borrowed(std::shared_ptr<void const>(), event);
    return ask<Position>(
        [topic = std::string(topic), &type, borrowed, options = std::move(options)](
            handler::Engine& engine, bus::Done<Position> done) mutable {
            engine.publish(topic, type, borrowed, std::move(options), std::move(done));
        });
}

std::expected<std::shared_ptr<void const>, std::string> LiveApp::request_event(
    std::string_view topic, EventType const& type, void const* event, EventType const& reply_type,
    milliseconds patience, PublishOptions options) {
    using Reply = std::shared_ptr<void const>;
    std::shared_ptr<void const> const borrowed(std::shared_ptr<void const>(), event);
    return ask<Reply>(
        [topic = std::string(topic), &type, borrowed, &reply_type, patience,
         options = std::move(options)](handler::Engine& engine, bus::Done<Reply> done) mutable {
            engine.request(topic, type, borrowed, reply_type, patience, std::move(options),
                           std::move(done));
        });
}

}  // namespace klamm::live
