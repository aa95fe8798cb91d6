#include "klamm/host/server.h"

#include "klamm/host/http_port.h"
#include "klamm/host/kafka_port.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace klamm::host {
namespace {

using std::chrono::steady_clock;

constexpr auto settle_pause = std::chrono::milliseconds(1);
constexpr std::string_view topics_path = "/api/topics/";
constexpr std::string_view registry_json = "application/vnd.schemaregistry.v1+json";

class TheServer final : public Server {
public:
    TheServer(Options options, Inside inside)
        : options_(std::move(options)), inside_(std::move(inside)) {}
    ~TheServer() override { stop(); }

    std::expected<void, std::string> bind();
    std::expected<void, std::string> start();
    void stop() override;

    Address kafka_address() const override { return kafka_ ? kafka_->address() : Address{}; }
    Address http_address() const override { return http_ ? http_->address() : Address{}; }
    Core& core() override { return *core_; }

private:
    void deliver(std::vector<broker::Reply> replies);
    void room();
    void serve_http(HttpExchange& exchange);
    HttpAnswer page(std::string_view path);
    void report_topic(HttpExchange& exchange, std::string name);
    HttpAnswer metrics();

    Options options_;
    Inside inside_;
    // What the core calls lives longer than it; what calls the core is stopped before.
    std::unique_ptr<KafkaPort> kafka_;
    std::unique_ptr<HttpPort> http_;
    std::unique_ptr<Core> core_;
};

std::expected<void, std::string> TheServer::bind() {
    if (options_.kafka) {
        auto kafka = KafkaPort::bind(*options_.kafka);
        if (!kafka) return std::unexpected(kafka.error());
        kafka_ = std::move(*kafka);
    }
    if (options_.http) {
        auto http = HttpPort::bind(*options_.http);
        if (!http) return std::unexpected(http.error());
        http_ = std::move(*http);
        options_.broker.http_port = http_->address().port;
    }
    auto const address = kafka_address();
    auto const advertised = options_.advertise.value_or(address);
    options_.broker.advertised_host = advertised.host;
    options_.broker.advertised_port = advertised.port != 0 ? advertised.port : address.port;
    return {};
}

std::expected<void, std::string> TheServer::start() {
    auto core = Core::start(
        options_, {.replies = [this](std::vector<broker::Reply> all) { deliver(std::move(all)); },
                   .room = [this] { room(); }});
    if (!core) return std::unexpected(core.error());
    core_ = std::move(*core);
    if (kafka_)
        if (auto const started = kafka_->start(*core_); !started) return started;
    if (!http_) return {};
    return http_->start(core_->metrics(), [this](HttpExchange& exchange) { serve_http(exchange); },
                        registry::is_registry_path,
                        {.connections_max = std::size_t(options_.http_connections_max)});
}

/// To whom the connections belong.
void TheServer::deliver(std::vector<broker::Reply> replies) {
    if (!inside_.ends.replies) return kafka_->deliver(std::move(replies));
    auto const is_inside = [](broker::Reply const& reply) {
        return Inside::has(reply.id.connection);
    };
    if (std::ranges::all_of(replies, is_inside)) return inside_.ends.replies(std::move(replies));
    std::vector<broker::Reply> theirs, ours;
    for (auto& reply : replies) (is_inside(reply) ? ours : theirs).push_back(std::move(reply));
    if (!ours.empty()) inside_.ends.replies(std::move(ours));
    kafka_->deliver(std::move(theirs));
}

void TheServer::room() {
    if (inside_.ends.room) inside_.ends.room();
    if (kafka_) kafka_->room();
}

void TheServer::stop() {
    if (!core_) return;
    auto const until = steady_clock::now() + options_.drain_max;
    if (kafka_) kafka_->drain();
    if (http_) http_->close();
    core_->drain(until);
    if (http_) http_->drain();
    if (kafka_) kafka_->finish();
    auto const connections = [this] {
        return (kafka_ ? kafka_->connections() : 0) + (http_ ? http_->connections() : 0);
    };
    while (connections() > 0 && steady_clock::now() < until)
        std::this_thread::sleep_for(settle_pause);
    if (http_) http_->stop();
    if (kafka_) kafka_->stop();
    core_->stop();
    core_.reset();
}

// ---- HTTP --------------------------------------------------------------------------------

HttpAnswer TheServer::metrics() {
    auto gauges = core_->gauges();
    if (kafka_) gauges.request_bytes_in_flight = kafka_->request_bytes_in_flight();
    gauges.http_connections = http_->connections();
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = to_prometheus(core_->metrics(), gauges) +
                    core_->client_metrics().to_prometheus(steady_clock::now()) +
                    (inside_.metrics ? inside_.metrics() : "")};
}

void TheServer::report_topic(HttpExchange& exchange, std::string name) {
    if (!core_->ready()) return exchange.answer({.status = 503, .body = "not ready: stopping\n"});
    using Reply = std::move_only_function<void(HttpAnswer)>;
    auto const reply = std::make_shared<Reply>(exchange.later());
    core_->broker().run([reply, name = std::move(name)](broker::Broker& broker, Now now) {
        auto const text = broker.report(name, now);
        if (text)
            (*reply)({.content_type = "application/json", .body = *text + "\n"});
        else
            (*reply)({.status = 404, .body = fmt::format("there is no topic {}\n", name)});
    });
}

HttpAnswer TheServer::page(std::string_view path) {
    if (inside_.page)
        if (auto answer = inside_.page(path)) return std::move(*answer);
    if (path == "/healthz") return {.body = "ok\n"};
    if (path == "/readyz" && core_->ready()) return {.body = "ready\n"};
    if (path == "/readyz") return {.status = 503, .body = "not ready: stopping\n"};
    if (path == "/metrics") return metrics();
    if (path == "/api/notices")
        return {.content_type = "application/json", .body = core_->notices().to_json()};
    return http_error(
        404, fmt::format("There is no {} here. There are the schema registry (/subjects, "
                         "/schemas, ...), /healthz, /readyz, /metrics, /api/notices and "
                         "/api/topics/NAME{}.",
                         path,
                         kafka_ ? "; Kafka clients connect to " + to_string(kafka_address()) : ""));
}

void TheServer::serve_http(HttpExchange& exchange) {
    auto const& request = exchange.request();
    auto const path = request.path();
    if (registry::is_registry_path(path)) return core_->registry().serve(exchange);
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

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> start_server(Options options, Inside inside) {
    fit_to_descriptors(options);
    auto server = std::make_unique<TheServer>(std::move(options), std::move(inside));
    if (auto const bound = server->bind(); !bound) return std::unexpected(bound.error());
    if (auto const started = server->start(); !started) return std::unexpected(started.error());
    return server;
}

}  // namespace klamm::host
