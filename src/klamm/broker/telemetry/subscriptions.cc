#include "klamm/broker/telemetry/subscriptions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

constexpr std::string_view all_metrics = "*";
/// The beginning of the names of all metrics that KIP-714 defines.
constexpr std::string_view standard_metrics = "org.apache.kafka.";

constexpr std::array<ConfigDef, 3> table{{
    {.name = "interval.ms",
     .type = ConfigType::integer,
     .default_value = "300000",
     .documentation = "How often clients push their metrics.",
     .least = 100,
     .most = 3'600'000},
    {.name = "match",
     .type = ConfigType::list,
     .default_value = "",
     .documentation =
         "Which clients are meant: those for which all of these name=expression hold."},
    {.name = "metrics",
     .type = ConfigType::list,
     .default_value = "",
     .documentation = "Beginnings of the names of the wanted metrics; * for all."},
}};

constexpr std::array<std::string_view, 6> matchable{
    "client_id",
    "client_instance_id",
    "client_software_name",
    "client_software_version",
    "client_source_port",
    "client_source_address",
};

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> list;
    while (!text.empty()) {
        auto const end = std::min(text.find(','), text.size());
        if (auto const word = trimmed(text.substr(0, end)); !word.empty()) list.emplace_back(word);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

/// One "name=expression"; nothing when it is none.
std::optional<std::pair<std::string, TopicRegex>> pattern(std::string const& word) {
    auto const equals = word.find('=');
    if (equals == std::string::npos || word.find('=', equals + 1) != std::string::npos)
        return std::nullopt;
    auto const name = trimmed(std::string_view(word).substr(0, equals));
    auto const text = trimmed(std::string_view(word).substr(equals + 1));
    if (std::ranges::find(matchable, name) == matchable.end() || text.empty()) return std::nullopt;
    TopicRegex expression{std::string(text)};
    if (expression.refused()) return std::nullopt;
    return std::pair{std::string(name), std::move(expression)};
}

std::optional<std::int32_t> number(std::string_view text) {
    std::int32_t parsed = 0;
    auto const* const end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data(), end, parsed);
    if (error != std::errc{} || at != end) return std::nullopt;
    return parsed;
}

std::string value_of(Configs const& configs, std::string_view name) {
    auto const set = configs.find(name);
    return set == configs.end() ? std::string(find_client_metrics_config(name)->default_value)
                                : set->second;
}

}  // namespace

std::span<ConfigDef const> client_metrics_configs() { return table; }

ConfigDef const* find_client_metrics_config(std::string_view name) {
    auto const found = std::ranges::find(table, name, &ConfigDef::name);
    return found == table.end() ? nullptr : &*found;
}

std::optional<Refusal> check_client_metrics_config(ConfigDef const& def, std::string_view value) {
    if (value.size() > client_metrics_text_bytes_max)
        return Refusal{ErrorCode::invalid_config,
                       std::string(def.name) + " is longer than " +
                           std::to_string(client_metrics_text_bytes_max) + " bytes."};
    if (def.name == "interval.ms") {
        auto const interval = number(value);
        if (!interval) return Refusal{ErrorCode::invalid_config, *check_config(def, value)};
        if (*interval < def.least || *interval > def.most)
            return Refusal{ErrorCode::invalid_request,
                           "Invalid value " + std::string(value) +
                               " for interval.ms, interval must be between 100 and 3600000 "
                               "(1 hour)"};
    }
    if (def.name == "match") {
        for (auto const& word : words(value)) {
            if (!pattern(word))
                return Refusal{ErrorCode::invalid_config,
                               "Illegal client matching pattern: " + word};
        }
    }
    return std::nullopt;
}

bool MetricsSubscriptions::Compiled::matches(ClientFacts const& client) const {
    return std::ranges::all_of(match, [&](auto const& one) {
        auto const fact = client.find(one.first);
        return fact != client.end() && one.second.matches(fact->second);
    });
}

MetricsSubscriptions::Compiled MetricsSubscriptions::compile(Configs const& configs) {
    Compiled compiled{
        .from = configs,
        .metrics = words(value_of(configs, "metrics")),
        .interval_ms =
            number(value_of(configs, "interval.ms")).value_or(client_metrics_interval_default_ms),
        .match = {}};
    for (auto const& word : words(value_of(configs, "match"))) {
        if (auto one = pattern(word)) compiled.match.push_back(std::move(*one));
    }
    return compiled;
}

void MetricsSubscriptions::follow(ByName const& configured) {
    std::erase_if(compiled_, [&](auto const& one) {
        auto const now = configured.find(one.first);
        return now == configured.end() || now->second != one.second.from;
    });
    for (auto const& [name, configs] : configured) {
        if (!compiled_.contains(name)) compiled_.emplace(name, compile(configs));
    }
}

WantedMetrics MetricsSubscriptions::wanted(ByName const& configured, Options const& options,
                                           ClientFacts const& client) {
    follow(configured);
    std::set<std::string> names;
    std::optional<std::int32_t> interval_ms;
    auto const add = [&](std::int32_t ms) { interval_ms = std::min(interval_ms.value_or(ms), ms); };
    if (auto const always = options.client_metrics_interval_ms.count(); always > 0) {
        names.emplace(standard_metrics);
        add(std::int32_t(always));
    }
    for (auto const& [name, one] : compiled_) {
        if (!one.matches(client)) continue;
        names.insert(one.metrics.begin(), one.metrics.end());
        add(one.interval_ms);
    }
    WantedMetrics wanted;
    wanted.interval_ms = interval_ms.value_or(client_metrics_interval_default_ms);
    if (names.contains(std::string(all_metrics)))
        wanted.names.emplace_back(all_metrics);
    else
        wanted.names.assign(names.begin(), names.end());
    return wanted;
}

}  // namespace klamm::broker
