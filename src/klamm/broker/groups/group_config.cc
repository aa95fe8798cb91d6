#include "klamm/broker/groups/group_config.h"

#include "klamm/broker/state.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace klamm::broker {
namespace {

constexpr std::string_view heartbeat_interval = "consumer.heartbeat.interval.ms";
constexpr std::string_view session_timeout = "consumer.session.timeout.ms";

constexpr std::array<ConfigDef, 2> table{{
    {.name = heartbeat_interval,
     .type = ConfigType::integer,
     .default_value = "5000",
     .documentation = "How often members of the group send heartbeats.",
     .broker_name = "group.consumer.heartbeat.interval.ms",
     .least = 1,
     .most = std::numeric_limits<std::int32_t>::max()},
    {.name = session_timeout,
     .type = ConfigType::integer,
     .default_value = "45000",
     .documentation = "After how long without a heartbeat a member of the group is gone.",
     .broker_name = "group.consumer.session.timeout.ms",
     .least = 1,
     .most = std::numeric_limits<std::int32_t>::max()},
}};

struct Limits {
    Duration usual, least, most;
};

Limits limits_of(std::string_view name, Options const& options) {
    if (name == session_timeout)
        return {options.group_consumer_session_timeout_ms,
                options.group_consumer_min_session_timeout_ms,
                options.group_consumer_max_session_timeout_ms};
    return {options.group_consumer_heartbeat_interval_ms,
            options.group_consumer_min_heartbeat_interval_ms,
            options.group_consumer_max_heartbeat_interval_ms};
}

/// What was set, without regard to limits.
std::optional<Duration> set_in(Configs const& configs, std::string_view name) {
    auto const set = configs.find(name);
    if (set == configs.end()) return std::nullopt;
    std::int64_t number = 0;
    auto const* const end = set->second.data() + set->second.size();
    if (std::from_chars(set->second.data(), end, number).ptr != end) return std::nullopt;
    return Duration(number);
}

Duration value_of(Configs const& configs, std::string_view name, Options const& options) {
    auto const [usual, least, most] = limits_of(name, options);
    auto const set = set_in(configs, name);
    return set ? std::max(least, std::min(*set, most)) : usual;
}

}  // namespace

std::span<ConfigDef const> group_configs() { return table; }

std::string group_default(ConfigDef const& def, Options const& options) {
    return std::to_string(limits_of(def.name, options).usual.count());
}

std::optional<std::string> check_group_configs(Configs const& configs, Options const& options) {
    for (auto const& def : table) {
        auto const [usual, least, most] = limits_of(def.name, options);
        auto const set = set_in(configs, def.name);
        if (set && (*set < least || *set > most))
            return std::string(def.name) + " must be from " + std::to_string(least.count()) +
                   " to " + std::to_string(most.count()) + ".";
    }
    if (value_of(configs, session_timeout, options) <=
        value_of(configs, heartbeat_interval, options))
        return std::string(session_timeout) + " must be greater than " +
               std::string(heartbeat_interval) + ".";
    return std::nullopt;
}

Duration group_session_timeout(Step& step, std::string const& group_id) {
    return value_of(step.state().groups.configs(group_id), session_timeout, step.options());
}

Duration group_heartbeat_interval(Step& step, std::string const& group_id) {
    return value_of(step.state().groups.configs(group_id), heartbeat_interval, step.options());
}

}  // namespace klamm::broker
