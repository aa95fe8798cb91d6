#include "klamm/kafka_bus/client.h"

#include <syslog.h>
#include <array>

namespace klamm::kafka_bus {
namespace {

constexpr std::size_t error_text_bytes_max = 512;
constexpr auto same_complaint_every = std::chrono::seconds(30);
constexpr std::size_t complaints_max = 64;
constexpr std::size_t complaint_key_bytes = 48;

/// "[thrd:h:1/bootstrap]: h:1/bootstrap: Connect to ipv4#h:1 failed: Connection refused (after
/// 0ms in state CONNECT)" becomes "h:1: Connect to ipv4#h:1 failed: Connection refused".
std::string plain(std::string_view text) {
    if (text.starts_with("[thrd:"))
        if (auto const end = text.find("]: "); end != std::string_view::npos)
            text.remove_prefix(end + 3);
    if (auto const after = text.find(" (after "); after != std::string_view::npos)
        text = text.substr(0, after);
    std::string line(text);
    if (auto const at = line.find("/bootstrap: "); at != std::string::npos)
        line.erase(at, std::string_view("/bootstrap").size());
    return line;
}

}  // namespace

void Log::write(std::string const& client, std::string_view facility, std::string_view text) {
    if (!write_) return;
    auto line = plain(text);
    auto key = client + "/" + std::string(facility) + "/" + line.substr(0, complaint_key_bytes);
    auto const now = Clock::now();
    {
        std::lock_guard const lock(mutex_);
        if (said_.size() >= complaints_max) said_.clear();
        auto const [said, first] = said_.try_emplace(std::move(key));
        if (!first && now - said->second.when < same_complaint_every) {
            ++said->second.kept_back;
            return;
        }
        if (said->second.kept_back > 0)
            line += " (and " + std::to_string(said->second.kept_back) + " more like this)";
        said->second = {now, 0};
    }
    write_(client + ": " + line);
}

std::expected<std::shared_ptr<Client>, std::string> Client::make(
    rd_kafka_type_t type, Options const& options, std::shared_ptr<Log> log,
    Settings const& defaults, Settings const& fixed, Callbacks callbacks) {
    std::shared_ptr<Client> client(new Client);
    client->log_ = std::move(log);
    client->callbacks_ = std::move(callbacks);

    Handle<rd_kafka_conf_t, rd_kafka_conf_destroy> conf(rd_kafka_conf_new());
    std::array<char, error_text_bytes_max> text{};
    std::string wrong;
    auto const set = [&](std::string const& name, std::string const& value) {
        if (name == "client.id") client->name_ = value;
        if (wrong.empty() && rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(),
                                               text.size()) != RD_KAFKA_CONF_OK)
            wrong = "setting " + name + "=" + value + ": " + text.data();
    };
    set("client.id", "klamm");
    set("reconnect.backoff.max.ms", "1000");
    for (auto const& [name, value] : defaults) set(name, value);
    for (auto const& [name, value] : options.client) set(name, value);
    set("bootstrap.servers", options.bootstrap);
    for (auto const& [name, value] : fixed) set(name, value);
    if (!wrong.empty()) return std::unexpected(wrong);

    rd_kafka_conf_set_opaque(conf.get(), client.get());
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    if (client->callbacks_.trouble)  // otherwise nobody might take them from the queue
        rd_kafka_conf_set_error_cb(
            conf.get(), [](rd_kafka_t*, int error, char const* why, void* opaque) {
                of(opaque).callbacks_.trouble(rd_kafka_resp_err_t(error), why);
            });
    if (client->callbacks_.delivered)
        rd_kafka_conf_set_dr_msg_cb(
            conf.get(), [](rd_kafka_t*, rd_kafka_message_t const* message, void* opaque) {
                of(opaque).callbacks_.delivered(*message);
            });
    if (client->callbacks_.rebalance)
        rd_kafka_conf_set_rebalance_cb(
            conf.get(),
            [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions,
               void* opaque) { of(opaque).callbacks_.rebalance(error, partitions); });

    client->rk_ = rd_kafka_new(type, conf.get(), text.data(), text.size());
    if (client->rk_ == nullptr) return std::unexpected(std::string(text.data()));
    std::ignore = conf.release();  // the client owns it now
    if (client->callbacks_.rebalance) rd_kafka_poll_set_consumer(client->rk_);
    return client;
}

Client::~Client() {
    if (rk_ == nullptr) return;
    // Purged, since ending would wait for what is still to be sent.
    if (rd_kafka_type(rk_) == RD_KAFKA_PRODUCER)
        rd_kafka_purge(rk_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool Client::connect() const { return ask_for_metadata(nullptr, slice); }

void Client::look_for_leaders(std::string const& topic, Duration at_most) const {
    Topic const handle(rd_kafka_topic_new(rk_, topic.c_str(), nullptr));
    if (handle) ask_for_metadata(handle.get(), at_most);
}

bool Client::ask_for_metadata(rd_kafka_topic_t* topic, Duration at_most) const {
    rd_kafka_metadata_t const* metadata = nullptr;
    auto const error = rd_kafka_metadata(rk_, 0, topic, &metadata, int(at_most.count()));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Client::abandon(std::shared_ptr<Client> client) {
    client->silence();
    std::ignore = new std::shared_ptr<Client>(std::move(client));
}

std::string Client::last_trouble() const {
    std::lock_guard const lock(mutex_);
    return last_trouble_;
}

void Client::on_log(rd_kafka_t const* rk, int level, char const* facility, char const* text) {
    auto& client = of(rd_kafka_opaque(rk));
    if (client.silent_) return;
    std::string_view const about(facility);
    if (level >= LOG_DEBUG) {
        if (client.callbacks_.debug) client.callbacks_.debug(text);
        return;
    }
    if (about == "CONFWARN") return;  // settings of the user for the other kind of client
    if (about == "FAIL" || about == "ERROR") {
        std::lock_guard const lock(client.mutex_);
        client.last_trouble_ = plain(text);
    }
    client.log_->write(client.name_, about, text);
}

}  // namespace klamm::kafka_bus
