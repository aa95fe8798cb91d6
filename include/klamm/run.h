// klamm/run.h - an App at work: embedded, on a Klamm server, on any Kafka cluster.
//
//     int main(int argc, char** argv) { return klamm::run(make_app(), argc, argv); }
//
// Without --bootstrap a broker runs inside the process, with its data in --data. Changing
// --bootstrap is the whole way to a cluster.
#pragma once

#include "klamm/app.h"
#include "klamm/health.h"
#include "klamm/publish.h"

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace klamm {

/// What an acknowledgement of the embedded broker promises.
enum class Durability : std::uint8_t { synced, page_cache, memory };

struct RunOptions {
    std::string bootstrap;            ///< HOST:PORT,…; empty: a broker in this process
    std::string data = "klamm-data";  ///< of the embedded broker
    Durability durability = Durability::synced;
    /// Where the embedded broker also serves Kafka's clients; empty: nowhere.
    std::string listen;
    std::string http;      ///< where /healthz and /metrics are; empty: nowhere
    std::string registry;  ///< URL; empty: the embedded broker's own, or none on a cluster
    /// Settings for librdkafka, such as those of security: {"security.protocol", "SASL_SSL"}. With
    /// any, a Klamm server is reached by librdkafka, too.
    std::map<std::string, std::string> client;
    /// Names this process among those of the App; a restart under the same name takes over at once
    /// from the one before. Empty: "embedded", or one by chance on a cluster.
    std::string instance;
    /// On a Klamm server that is spoken to directly, and embedded, the server decides.
    milliseconds session_timeout{45'000};
    milliseconds transaction_timeout{10'000};
    bool quiet = false;                           ///< log only what is wrong
    std::function<void(std::string const&)> log;  ///< empty: stderr
};

/// What happens to what handlers send in a replay.
struct Diverted {
    std::string topic_prefix;  ///< "replay." sends to "replay.invoices"
};
struct Collected {};  ///< it is only counted and given to `on_send`

struct ReplayOptions {
    std::string topic;
    std::optional<Time> from;              ///< none: the oldest record there is
    std::optional<Time> to;                ///< before it; none: what is there at the beginning
    std::vector<std::int32_t> partitions;  ///< empty: all
    std::variant<Collected, Diverted> sends;
    std::function<void(std::string const& topic, EventType const& type, void const* event,
                       Message const& cause)>
        on_send;
};
struct ReplayResult {
    std::uint64_t events = 0;
    std::uint64_t sent = 0;
    std::map<std::string, std::uint64_t> outcomes;  ///< "done", "dead_letter: CardRefused", …
};

class Running {
public:
    virtual ~Running() = default;  ///< stops

    /// Finishes what handlers are at, commits, leaves the group. False: not all was finished within
    /// `patience`; the rest will be done after the next start.
    virtual bool stop(milliseconds patience = milliseconds{30'000}) = 0;
    /// Waits until it has its partitions. The error says what keeps it.
    [[nodiscard]] virtual std::expected<void, std::string> wait_until_ready(
        milliseconds patience) = 0;

    virtual Health health() const = 0;
    bool healthy() const { return health().healthy(); }
    virtual Counts counts() const = 0;
    virtual std::string kafka_address() const = 0;  ///< empty: it does not listen
    virtual std::string http_address() const = 0;

    /// Returns when the event is acknowledged, with its place. The error: it may or may not be
    /// there; to publish it again, with the same id, is safe for handlers that deduplicate.
    template <Event E>
    [[nodiscard]] std::expected<Position, std::string> publish(std::string_view topic,
                                                               E const& event,
                                                               PublishOptions options = {}) {
        return publish_event(topic, event_type<E>(), &event, std::move(options));
    }
    /// Returns when every handler of this App has finished the event at `position`, and its effects
    /// are committed, in whichever process that was. A dead letter counts as finished.
    [[nodiscard]] virtual std::expected<void, std::string> wait_until_processed(
        Position const& position, milliseconds patience) = 0;
    /// Sends the event and waits for the reply of a handler that knows R.
    template <Event R, Event E>
    [[nodiscard]] std::expected<R, std::string> request(std::string_view topic, E const& event,
                                                        milliseconds patience,
                                                        PublishOptions options = {}) {
        auto const reply = request_event(topic, event_type<E>(), &event, event_type<R>(), patience,
                                         std::move(options));
        if (!reply) return std::unexpected(reply.error());
        return *static_cast<R const*>(reply->get());
    }
    /// Runs a range of a topic through the App's handlers, beside the live work: with a state of
    /// its own, without offsets, and with its sends elsewhere.
    [[nodiscard]] virtual std::expected<ReplayResult, std::string> replay(
        ReplayOptions const& options) = 0;

private:
    virtual std::expected<Position, std::string> publish_event(std::string_view topic,
                                                               EventType const& type,
                                                               void const* event,
                                                               PublishOptions options) = 0;
    virtual std::expected<std::shared_ptr<void const>, std::string> request_event(
        std::string_view topic, EventType const& type, void const* event,
        EventType const& reply_type, milliseconds patience, PublishOptions options) = 0;
};

/// Starts the App; returns when it has begun to work, or knows that it cannot: a schema that is
/// incompatible, a cluster that lacks something. A cluster that is away is no error: it is waited
/// for, and health says so.
[[nodiscard]] std::expected<std::unique_ptr<Running>, std::string> start(App const& app,
                                                                         RunOptions const& options);
/// Runs until SIGTERM or SIGINT, with flags as --help shows them. Returns the exit code: 0; 1: it
/// failed; 2: wrong use.
int run(App const& app, int argc, char** argv);
int run(App const& app, RunOptions const& options);

}  // namespace klamm
