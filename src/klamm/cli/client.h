// cli/client.h - a librdkafka client that any Kafka cluster will do for.
//
// Thread rule: a Client may be used by several threads, as rd_kafka_t itself may.
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/kafka_bus/handles.h"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace klamm::cli {

/// What numbers on the command line may be.
inline constexpr std::int64_t count_max = 1'000'000'000'000'000'000;
inline constexpr std::int32_t partition_max = 1'000'000;

/// How to reach the cluster: the flags that every client command has.
struct ClientOptions {
    std::string bootstrap = "127.0.0.1:9092";
    std::vector<std::string> properties;  ///< librdkafka's own, NAME=VALUE
    int timeout_s = 10;

    std::chrono::milliseconds timeout() const { return std::chrono::seconds(timeout_s); }
};
void add_client_options(CLI::App& command, ClientOptions& options);

using kafka_bus::Handle;
using kafka_bus::PartitionList;
using Message = kafka_bus::MessagePtr;

class Client {
public:
    using Property = std::pair<char const*, std::string>;
    /// Called in rd_kafka_poll for each message that was acknowledged or refused for good.
    using OnDelivery = std::function<void(rd_kafka_message_t const&)>;

    /// Does not wait for the cluster: that is `reach`. The user's own properties come last, so
    /// that they win over `properties`.
    static Outcome<std::unique_ptr<Client>> producer(ClientOptions const& options,
                                                     std::initializer_list<Property> properties,
                                                     OnDelivery on_delivery);
    static Outcome<std::unique_ptr<Client>> consumer(ClientOptions const& options,
                                                     std::initializer_list<Property> properties);
    /// For questions to the cluster, without producing or joining a group.
    static Outcome<std::unique_ptr<Client>> admin(ClientOptions const& options);

    ~Client();
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    /// Waits until a broker answers, and fails early once none can be connected to. Not for
    /// consumers, whose errors come with their messages.
    Outcome<> reach();

    rd_kafka_t* rk() { return rk_; }
    ClientOptions const& options() const { return options_; }
    int timeout_ms() const { return int(options_.timeout().count()); }
    /// What librdkafka last complained of, for instance "Connection refused"; may be empty.
    std::string last_trouble() const;

private:
    struct Watch;
    Client(ClientOptions options);
    static Outcome<std::unique_ptr<Client>> make(rd_kafka_type_t type, ClientOptions const& options,
                                                 std::initializer_list<Property> properties,
                                                 OnDelivery on_delivery);

    ClientOptions options_;
    std::unique_ptr<Watch> watch_;
    rd_kafka_t* rk_ = nullptr;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Outgoing {
    char const* topic;
    std::int32_t partition = RD_KAFKA_PARTITION_UA;  ///< or as the key decides
    std::optional<std::string_view> key;
    std::string_view value;
    std::int64_t timestamp_ms = 0;  ///< 0: now
    Headers const* headers = nullptr;
};
/// Puts a copy of the record into the producer's queue, which may be full (_QUEUE_FULL): poll,
/// then try again.
rd_kafka_resp_err_t send(Client& producer, Outgoing const& record);

/// "HOST:PORT: said what"; the hint suits an address where nobody listens.
Failure unreachable(ClientOptions const& options, std::string const& reason);

/// An error of the protocol or of librdkafka in words, without its "Broker: " prefix.
inline std::string error_text(rd_kafka_resp_err_t error) { return kafka_bus::words(error); }
using kafka_bus::without_prefix;

}  // namespace klamm::cli
