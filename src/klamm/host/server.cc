#include "klamm/host/server.h"

#include "klamm/host/housekeeping.h"
#include "klamm/host/http.h"
#include "klamm/host/io_thread.h"
#include "klamm/host/journal_thread.h"
#include "klamm/host/listener.h"
#include "klamm/host/log.h"
#include "klamm/host/notices.h"
#include "klamm/host/recovery.h"
#include "klamm/host/registry_service.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

namespace klamm::host {
namespace {

using std::chrono::steady_clock;

constexpr auto settle_pause = std::chrono::milliseconds(1);
constexpr std::string_view topics_path = "/api/topics/";
constexpr rlim_t descriptors_for_files = 200;
constexpr rlim_t http_part = 4;  ///< of the descriptors that there are, at most
constexpr std::string_view registry_json = "application/vnd.schemaregistry.v1+json";

/// All that runs once there is a broker. Destroyed in the reverse order.
struct Workers {
    Workers(Options const& options, Recovered& world, Metrics& metrics,
            ClientMetrics& client_metrics)
        // Half for frames that are not complete, so that they never keep out complete ones.
        : request_bytes(options.request_bytes_in_flight_max / 2),
          receiving_bytes(options.request_bytes_in_flight_max / 2),
          broker(*world.broker, *world.journal, std::size_t(options.requests_queued_max), metrics),
          journal(*world.journal, metrics),
          cold_reads(*world.journal, *world.extents, options.cold_bytes_max, metrics),
          housekeeping(options, *world.journal, world.disk, *world.extents, broker),
          registry(broker, world.broker->cluster_id()),
          shared{.options = options,
                 .metrics = metrics,
                 .client_metrics = client_metrics,
                 .journal = *world.journal,
                 .broker = broker,
                 .cold_reads = cold_reads,
                 .request_bytes = request_bytes,
                 .receiving_bytes = receiving_bytes,
                 .resume_all = [this] { resume_all(); }} {
        auto const count = std::size_t(options.io_threads);
        for (std::size_t i = 0; i < count; ++i)
            io.push_back(std::make_unique<IoThread>(i, count, shared));
    }

    void resume_all() {
        for (auto const& thread : io) thread->resume();
    }
    std::size_t connections() const {
        std::size_t all = 0;
        for (auto const& thread : io) all += thread->connections();
        return all;
    }

    ByteBudget request_bytes;
    ByteBudget receiving_bytes;
    BrokerThread broker;
    JournalThread journal;
    ColdReads cold_reads;
    Housekeeping housekeeping;
    RegistryService registry;
    Shared shared;
    std::vector<std::unique_ptr<IoThread>> io;
};

class TheServer final : public Server {
public:
    explicit TheServer(Options options)
        : options_(std::move(options)),
          http_(http_context_, metrics_, [this](HttpExchange& exchange) { serve_http(exchange); },
                registry::is_registry_path,
                {.connections_max = std::size_t(options_.http_connections_max)}) {}
    ~TheServer() override { stop(); }

    std::expected<void, std::string> bind();
    std::expected<void, std::string> start();
    void stop() override;

    Address kafka_address() const override { return kafka_listener_->address(); }
    Address http_address() const override { return http_listener_->address(); }

private:
    void accept(int descriptor);
    void send(std::vector<broker::Reply> replies);
    void start_workers();
    void settle(steady_clock::time_point until);
    void serve_http(HttpExchange& exchange);
    HttpAnswer page(std::string_view path);
    void report_topic(HttpExchange& exchange, std::string name);
    Gauges gauges() const;

    Options options_;
    Metrics metrics_;
    ClientMetrics client_metrics_;
    Notices notices_;
    using Context = boost::asio::io_context;
    using WorkGuard = boost::asio::executor_work_guard<Context::executor_type>;
    Context front_{1};  ///< accepts Kafka's connections
    WorkGuard front_work_{front_.get_executor()};
    Context http_context_{1};  ///< serves HTTP
    WorkGuard http_work_{http_context_.get_executor()};
    HttpServer http_;
    std::unique_ptr<Listener> kafka_listener_;
    std::unique_ptr<Listener> http_listener_;
    Recovered world_;
    std::unique_ptr<Workers> workers_;
    std::atomic<bool> ready_{false};
    std::size_t next_io_ = 0;
    std::thread front_thread_;
    std::thread http_thread_;
};

std::expected<void, std::string> TheServer::bind() {
    auto kafka = bind_listener(front_, options_.kafka);
    if (!kafka) return std::unexpected(kafka.error());
    auto http = bind_listener(http_context_, options_.http);
    if (!http) return std::unexpected(http.error());
    kafka_listener_ = std::move(*kafka);
    http_listener_ = std::move(*http);

    auto const address = kafka_listener_->address();
    auto const advertised = options_.advertise.value_or(address);
    options_.broker.advertised_host = advertised.host;
    options_.broker.advertised_port = advertised.port != 0 ? advertised.port : address.port;
    options_.broker.http_port = http_listener_->address().port;
    return {};
}

std::expected<void, std::string> TheServer::start() {
    auto recovered = recover(options_);
    if (!recovered) return std::unexpected(recovered.error());
    world_ = std::move(*recovered);
    start_workers();
    auto listening = kafka_listener_->listen([this](int descriptor) { accept(descriptor); });
    if (listening)
        listening = http_listener_->listen([this](int descriptor) { http_.adopt(descriptor); });
    if (!listening) return std::unexpected(listening.error());
    front_thread_ = std::thread([this] { front_.run(); });
    http_thread_ = std::thread([this] { http_context_.run(); });
    ready_ = true;
    return {};
}

void TheServer::start_workers() {
    workers_ = std::make_unique<Workers>(options_, world_, metrics_, client_metrics_);
    auto& workers = *workers_;
    workers.journal.start([&workers](journal::Position durable) {
        workers.broker.durable(durable);
        workers.housekeeping.look();
    });
    workers.broker.start({
        .replies = [this](std::vector<broker::Reply> replies) { send(std::move(replies)); },
        .room = [&workers] { workers.resume_all(); },
        .appended = [&workers] { workers.journal.wake(); },
        .after_step =
            [this, &workers](broker::Broker& broker) {
                workers.housekeeping.consider(broker);
                if (auto notices = broker.take_notices(); !notices.empty())
                    notices_.add(std::move(notices));
            },
        .registry = [&workers](registry::State const& state) { workers.registry.durable(state); },
    });
    workers.journal.wake();  // the broker's start may have journaled something
    workers.cold_reads.start();
    workers.housekeeping.start();
    workers.registry.start();
    for (auto const& thread : workers.io) thread->start();
}

void TheServer::accept(int descriptor) {
    if (workers_->connections() >= std::size_t(options_.connections_max)) {
        ::close(descriptor);
        metrics_.connections_refused.add();
        log_peer(fmt::format("closed a new connection: there are {} already (max.connections)",
                             options_.connections_max));
        return;
    }
    workers_->io[next_io_++ % workers_->io.size()]->adopt(descriptor);
}

/// Hands each I/O thread the replies of its connections, in their order.
void TheServer::send(std::vector<broker::Reply> replies) {
    auto& io = workers_->io;
    if (io.size() == 1) return io.front()->deliver(std::move(replies));
    std::vector<std::vector<broker::Reply>> parts(io.size());
    for (auto& reply : replies)
        parts[IoThread::index_of(reply.id.connection, io.size())].push_back(std::move(reply));
    for (std::size_t i = 0; i < io.size(); ++i)
        if (!parts[i].empty()) io[i]->deliver(std::move(parts[i]));
}

// ---- stopping ----------------------------------------------------------------------------

/// Waits until no reply waits for the journal any more. Fetches that wait for records are not
/// waited for: their clients ask again elsewhere.
void TheServer::settle(steady_clock::time_point until) {
    while (steady_clock::now() < until) {
        std::promise<bool> settled;
        workers_->broker.run([&settled](broker::Broker& broker, Now) {
            settled.set_value(broker.stats().replies_waiting == 0);
        });
        if (settled.get_future().get() && workers_->broker.queued() == 0) return;
        std::this_thread::sleep_for(settle_pause);
    }
}

void TheServer::stop() {
    if (!workers_) return;
    ready_ = false;
    auto& workers = *workers_;
    auto const until = steady_clock::now() + options_.drain_max;
    kafka_listener_->close();
    http_listener_->close();
    for (auto const& thread : workers.io) thread->drain();
    workers.registry.stop();
    settle(until);
    http_.drain();
    for (auto const& thread : workers.io) thread->finish();
    while (workers.connections() + http_.connections() > 0 && steady_clock::now() < until)
        std::this_thread::sleep_for(settle_pause);

    front_.stop();
    if (front_thread_.joinable()) front_thread_.join();
    http_context_.stop();
    if (http_thread_.joinable()) http_thread_.join();
    workers.cold_reads.stop();
    for (auto const& thread : workers.io) thread->stop();
    workers.broker.stop();
    workers.journal.stop();
    workers.housekeeping.stop();
    workers.housekeeping.save_last(*world_.broker);
    workers_.reset();
}

// ---- HTTP --------------------------------------------------------------------------------

Gauges TheServer::gauges() const {
    auto const& journal = *world_.journal;
    Gauges gauges;
    gauges.broker = workers_->broker.stats();
    if (world_.disk != nullptr) gauges.disk = world_.disk->stats();
    gauges.journal_bytes = std::uint64_t(journal.next()) - std::uint64_t(journal.first());
    gauges.requests_queued = workers_->broker.queued();
    gauges.replies_cold_queued = workers_->cold_reads.queued();
    gauges.request_bytes_in_flight =
        workers_->request_bytes.used() + workers_->receiving_bytes.used();
    gauges.cold_bytes = workers_->cold_reads.bytes();
    gauges.http_connections = http_.connections();
    gauges.registry_queued = workers_->registry.queued();
    gauges.ready = ready_;
    return gauges;
}

void TheServer::report_topic(HttpExchange& exchange, std::string name) {
    if (!ready_) return exchange.answer({.status = 503, .body = "not ready: stopping\n"});
    using Reply = std::move_only_function<void(HttpAnswer)>;
    auto const reply = std::make_shared<Reply>(exchange.later());
    workers_->broker.run([reply, name = std::move(name)](broker::Broker& broker, Now now) {
        auto const text = broker.report(name, now);
        if (text)
            (*reply)({.content_type = "application/json", .body = *text + "\n"});
        else
            (*reply)({.status = 404, .body = fmt::format("there is no topic {}\n", name)});
    });
}

HttpAnswer TheServer::page(std::string_view path) {
    if (path == "/healthz") return {.body = "ok\n"};
    if (path == "/readyz" && ready_) return {.body = "ready\n"};
    if (path == "/readyz") return {.status = 503, .body = "not ready: stopping\n"};
    if (path == "/metrics")
        return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
                .body = to_prometheus(metrics_, gauges()) +
                        client_metrics_.to_prometheus(std::chrono::steady_clock::now())};
    if (path == "/api/notices")
        return {.content_type = "application/json", .body = notices_.to_json()};
    return http_error(404,
                      fmt::format("There is no {} here. There are the schema registry (/subjects, "
                                  "/schemas, ...), /healthz, /readyz, /metrics, /api/notices and "
                                  "/api/topics/NAME; Kafka clients connect to {}.",
                                  path, to_string(kafka_address())));
}

void TheServer::serve_http(HttpExchange& exchange) {
    auto const& request = exchange.request();
    auto const path = request.path();
    if (registry::is_registry_path(path)) return workers_->registry.serve(exchange);
    bool const reads = request.method == "GET" || request.method == "HEAD";
    if (path == "/" && (reads || request.method == "POST"))  // how registries are probed
        return exchange.answer({.content_type = std::string(registry_json), .body = "{}"});
    if (!reads) {
        auto refused = http_error(405, "Only GET is answered here.");
        refused.allow = "GET, HEAD";
        return exchange.answer(refused);
    }
    if (path.starts_with(topics_path))
        return report_topic(exchange, std::string(path.substr(topics_path.size())));
    exchange.answer(page(path));
}

/// Lets the process have as many sockets as the system permits, and no more connections than that.
void fit_to_descriptors(Options& options) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) return;
    options.http_connections_max = std::int32_t(
        std::min<rlim_t>(rlim_t(options.http_connections_max), limit.rlim_cur / http_part));
    auto const others = descriptors_for_files + rlim_t(options.http_connections_max);
    auto const room = limit.rlim_cur - std::min(limit.rlim_cur / 2, others);
    options.connections_max = std::int32_t(std::min<rlim_t>(rlim_t(options.connections_max), room));
}

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> start_server(Options options) {
    fit_to_descriptors(options);
    // In memory it would only be copied.
    if (options.durability == Durability::memory)
        options.broker.journal_bytes = std::numeric_limits<std::int64_t>::max();
    auto server = std::make_unique<TheServer>(std::move(options));
    if (auto const bound = server->bind(); !bound) return std::unexpected(bound.error());
    if (auto const started = server->start(); !started) return std::unexpected(started.error());
    return server;
}

}  // namespace klamm::host
