// broker/telemetry/subscriptions.h - which metrics are wanted of which clients: the configs of
// CLIENT_METRICS resources, as kafka-client-metrics.sh sets them.
//
//   metrics      beginnings of names; "*": all
//   interval.ms  how often they are pushed
//   match        what must be true of a client: client_id=app.*,client_software_name=...
//
// Source: KIP-714
#pragma once

#include "klamm/broker/config.h"
#include "klamm/broker/groups/topic_regex.h"
#include "klamm/broker/topics.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::broker {

inline constexpr std::size_t client_metrics_subscriptions_max = 100;
inline constexpr std::size_t client_metrics_text_bytes_max = 8192;  ///< of a name and of a value
inline constexpr std::int32_t client_metrics_interval_default_ms = 300'000;

std::span<ConfigDef const> client_metrics_configs();  ///< by name
ConfigDef const* find_client_metrics_config(std::string_view name);
/// Why `value` is not allowed, in Kafka's errors and words.
std::optional<Refusal> check_client_metrics_config(ConfigDef const& def, std::string_view value);

/// What is known of a client, by the names that `match` uses: "client_id", ...
using ClientFacts = std::map<std::string_view, std::string>;

/// What one client is asked for.
struct WantedMetrics {
    std::vector<std::string> names;  ///< beginnings, in order; none: nothing is wanted
    std::int32_t interval_ms = client_metrics_interval_default_ms;
};

/// Answers from the configs in the state. Remembers their expressions compiled.
class MetricsSubscriptions {
public:
    using ByName = std::map<std::string, Configs, std::less<>>;
    WantedMetrics wanted(ByName const& configured, Options const& options,
                         ClientFacts const& client);

private:
    struct Compiled {
        Configs from;
        std::vector<std::string> metrics;
        std::int32_t interval_ms = 0;
        std::vector<std::pair<std::string, TopicRegex>> match;

        bool matches(ClientFacts const& client) const;
    };
    static Compiled compile(Configs const& configs);
    void follow(ByName const& configured);

    std::map<std::string, Compiled, std::less<>> compiled_;
};

}  // namespace klamm::broker
