// broker/config.h - the configs of topics and of the broker: names, types, defaults, what is
// allowed.
//
// One table for each; listing, validation and what the broker goes by are all read from it.
// Source: https://kafka.apache.org/documentation/#topicconfigs
#pragma once

#include "klamm/broker/options.h"
#include "klamm/broker/validation/rules.h"
#include "klamm/records/compression.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace klamm::broker {

using Configs = std::map<std::string, std::string, std::less<>>;

/// The numbers are those of DescribeConfigs.
enum class ConfigType : std::int8_t {
    boolean = 1,
    string = 2,
    integer = 3,
    short_integer = 4,
    long_integer = 5,
    double_number = 6,
    list = 7,
    class_name = 8,
    password = 9,
};

struct ConfigDef {
    std::string_view name{};
    ConfigType type{};
    std::string_view default_value{};
    std::string_view documentation{};
    /// Topics: the broker config that is the default. Broker: empty.
    std::string_view broker_name{};
    std::int64_t least = 0;  ///< numbers only
    std::int64_t most = INT64_MAX;
    std::string_view allowed{};  ///< the words, with spaces between; empty: any
    bool dynamic = true;         ///< may be changed while the broker runs
    bool nullable = false;       ///< null by default
};

std::span<ConfigDef const> topic_configs();   ///< by name
std::span<ConfigDef const> broker_configs();  ///< by name
ConfigDef const* find_topic_config(std::string_view name);
ConfigDef const* find_broker_config(std::string_view name);

/// The reason why `value` is not allowed, for the client to read.
std::optional<std::string> check_config(ConfigDef const& def, std::string_view value);

/// What `def` of a topic is when the topic does not set it.
std::string topic_default(ConfigDef const& def, Configs const& broker, Options const& options);
/// What `def` of the broker is when it was not changed at run time.
std::string broker_default(ConfigDef const& def, Options const& options);

/// What happens to records that retention would delete before a living group has read them.
enum class RetentionGuard : std::uint8_t { off, warn, hold };

/// What a topic's configs amount to, for those that the broker goes by.
struct TopicSettings {
    std::int32_t max_message_bytes = 1048588;
    std::optional<records::Compression> compression;  ///< none: the producer's
    bool log_append_time = false;
    bool compact = false;
    bool remove_old = true;  ///< cleanup.policy has delete
    std::int64_t retention_ms = 604800000;
    std::int64_t retention_bytes = -1;
    RetentionGuard guard = RetentionGuard::warn;
    std::int64_t timestamp_before_max_ms = INT64_MAX;
    std::int64_t timestamp_after_max_ms = 3600000;
    std::int64_t min_compaction_lag_ms = 0;
    std::int64_t max_compaction_lag_ms = INT64_MAX;
    std::int64_t delete_retention_ms = 86400000;
    double min_cleanable_dirty_ratio = 0.5;
    std::int32_t segment_bytes = 1073741824;  ///< dirty records worth a pass of compaction, at most
    std::int64_t segment_ms = 604800000;      ///< dirty records wait for more so long, at most
    ValidationRules validation;
    bool operator==(TopicSettings const&) const = default;
};
/// Requires configs that check_config() allows; what it does not is taken as the default.
TopicSettings settings_of(Configs const& topic, Configs const& broker, Options const& options);

}  // namespace klamm::broker
