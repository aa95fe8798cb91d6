#include "klamm/cli/client.h"

#include "klamm/base/ensure.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <array>
#include <atomic>
#include <mutex>

namespace klamm::cli {
namespace {

constexpr auto reach_slice = std::chrono::milliseconds(100);
constexpr std::size_t error_text_bytes_max = 512;

/// "[thrd:h:1/bootstrap]: h:1/bootstrap: Connect to ipv4#h:1 failed: Connection refused (after
/// 0ms in state CONNECT)" becomes "Connect to ipv4#h:1 failed: Connection refused".
std::string without_noise(std::string_view log_line) {
    if (log_line.starts_with("[thrd:"))
        if (auto const end = log_line.find("]: "); end != std::string_view::npos)
            log_line.remove_prefix(end + 3);
    if (auto const name = log_line.find("/bootstrap: "); name != std::string_view::npos)
        log_line.remove_prefix(name + std::string_view("/bootstrap: ").size());
    if (auto const after = log_line.find(" (after "); after != std::string_view::npos)
        log_line = log_line.substr(0, after);
    return std::string(log_line);
}

}  // namespace

struct Client::Watch {
    std::atomic<bool> all_brokers_down = false;
    mutable std::mutex mutex;
    std::string last;
    OnDelivery on_delivery;

    static Watch& of(void* opaque) { return *static_cast<Watch*>(opaque); }

    static void on_log(rd_kafka_t const* rk, int, char const* facility, char const* text) {
        if (std::string_view(facility) != "FAIL" && std::string_view(facility) != "ERROR") return;
        auto& watch = of(rd_kafka_opaque(rk));
        std::lock_guard const lock(watch.mutex);
        watch.last = without_noise(text);
    }
    static void on_message(rd_kafka_t*, rd_kafka_message_t const* message, void* opaque) {
        of(opaque).on_delivery(*message);
    }
    static void on_error(rd_kafka_t*, int error, char const*, void* opaque) {
        if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) of(opaque).all_brokers_down = true;
    }
};

void add_client_options(CLI::App& command, ClientOptions& options) {
    auto constexpr group = "Cluster";
    command.add_option("-b,--bootstrap", options.bootstrap, "Any broker of the cluster")
        ->type_name("HOST:PORT")
        ->envname("KLAMM_BOOTSTRAP")
        ->capture_default_str()
        ->group(group);
    command
        .add_option("-X,--property", options.properties,
                    "A property of librdkafka, for instance security.protocol=SASL_SSL")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
    command.add_option("--timeout", options.timeout_s, "How long to wait for the cluster")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str()
        ->group(group);
}

Client::Client(ClientOptions options)
    : options_(std::move(options)), watch_(std::make_unique<Watch>()) {}

Client::~Client() {
    if (rk_ == nullptr) return;
    if (rd_kafka_type(rk_) == RD_KAFKA_CONSUMER) rd_kafka_consumer_close(rk_);
    rd_kafka_destroy(rk_);
}

Outcome<std::unique_ptr<Client>> Client::producer(ClientOptions const& options,
                                                  std::initializer_list<Property> properties,
                                                  OnDelivery on_delivery) {
    return make(RD_KAFKA_PRODUCER, options, properties, std::move(on_delivery));
}
Outcome<std::unique_ptr<Client>> Client::consumer(ClientOptions const& options,
                                                  std::initializer_list<Property> properties) {
    return make(RD_KAFKA_CONSUMER, options, properties, {});
}
Outcome<std::unique_ptr<Client>> Client::admin(ClientOptions const& options) {
    return make(RD_KAFKA_PRODUCER, options, {}, {});
}

Outcome<std::unique_ptr<Client>> Client::make(rd_kafka_type_t type, ClientOptions const& options,
                                              std::initializer_list<Property> properties,
                                              OnDelivery on_delivery) {
    std::unique_ptr<Client> client(new Client(options));
    client->watch_->on_delivery = std::move(on_delivery);
    Handle<rd_kafka_conf_t, rd_kafka_conf_destroy> conf(rd_kafka_conf_new());
    std::array<char, error_text_bytes_max> text{};
    auto const set = [&](char const* name, char const* value) -> Outcome<> {
        if (rd_kafka_conf_set(conf.get(), name, value, text.data(), text.size()) ==
            RD_KAFKA_CONF_OK)
            return {};
        return misused(fmt::format("property {}={}: {}", name, value, text.data()),
                       "every property: https://github.com/confluentinc/librdkafka/blob/master/"
                       "CONFIGURATION.md");
    };

    std::vector<Property> all{{"bootstrap.servers", options.bootstrap},
                              {"client.id", "klamm"},
                              {"reconnect.backoff.max.ms", "500"}};
    all.insert(all.end(), properties.begin(), properties.end());
    for (auto const& [name, value] : all)
        if (auto done = set(name, value.c_str()); !done) return std::unexpected(done.error());
    for (auto const& property : options.properties) {
        auto const equals = property.find('=');
        if (equals == std::string::npos)
            return misused(fmt::format("--property {}: not NAME=VALUE", property));
        if (auto done = set(property.substr(0, equals).c_str(), property.c_str() + equals + 1);
            !done)
            return std::unexpected(done.error());
    }
    rd_kafka_conf_set_log_cb(conf.get(), Watch::on_log);
    rd_kafka_conf_set_error_cb(conf.get(), Watch::on_error);
    rd_kafka_conf_set_opaque(conf.get(), client->watch_.get());
    if (client->watch_->on_delivery) rd_kafka_conf_set_dr_msg_cb(conf.get(), Watch::on_message);

    client->rk_ = rd_kafka_new(type, conf.get(), text.data(), text.size());
    if (client->rk_ == nullptr) return misused(fmt::format("client: {}", text.data()));
    std::ignore = conf.release();  // the client owns it now
    if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client->rk_);
    return client;
}

Outcome<> Client::reach() {
    auto const give_up = std::chrono::steady_clock::now() + options_.timeout();
    for (;;) {
        rd_kafka_metadata_t const* answer = nullptr;
        // Asking about no topic in particular, of a producer without topics, is the cheapest
        // question.
        auto const error = rd_kafka_metadata(rk_, 0, nullptr, &answer, int(reach_slice.count()));
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(answer);
            return {};
        }
        rd_kafka_poll(rk_, 0);
        if (watch_->all_brokers_down || std::chrono::steady_clock::now() > give_up) {
            auto const reason = last_trouble();
            return std::unexpected(
                unreachable(options_, reason.empty() ? error_text(error) : reason));
        }
    }
}

std::string Client::last_trouble() const {
    std::lock_guard const lock(watch_->mutex);
    return watch_->last;
}

rd_kafka_resp_err_t send(Client& producer, Outgoing const& record) {
    std::array<rd_kafka_vu_t, 7> parts{};
    auto const bytes = [](std::string_view view) { return const_cast<char*>(view.data()); };
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = record.topic;
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = record.partition;
    parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[2].u.i = RD_KAFKA_MSG_F_COPY;
    parts[3].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[3].u.i64 = record.timestamp_ms;
    parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[4].u.mem = {bytes(record.value), record.value.size()};
    parts[5].vtype = RD_KAFKA_VTYPE_KEY;
    if (record.key) parts[5].u.mem = {bytes(*record.key), record.key->size()};
    auto used = parts.size() - 1;
    if (record.headers != nullptr && !record.headers->empty()) {
        auto* headers = rd_kafka_headers_new(record.headers->size());
        for (auto const& [name, value] : *record.headers)
            rd_kafka_header_add(headers, name.data(), ssize_t(name.size()), value.data(),
                                ssize_t(value.size()));
        parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
        parts[6].u.headers = headers;
        ++used;
    }
    Handle<rd_kafka_error_t, rd_kafka_error_destroy> const error(
        rd_kafka_produceva(producer.rk(), parts.data(), used));
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (used == parts.size()) rd_kafka_headers_destroy(parts[6].u.headers);  // still ours
    return rd_kafka_error_code(error.get());
}

Failure unreachable(ClientOptions const& options, std::string const& reason) {
    return {fmt::format("no broker answers at {}: {}", options.bootstrap, reason),
            "start one with `klamm serve`, or name another with --bootstrap HOST:PORT", 1, false};
}

}  // namespace klamm::cli
