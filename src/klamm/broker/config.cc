#include "klamm/broker/config.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace klamm::broker {
namespace {

constexpr auto int_max = std::int64_t{std::numeric_limits<std::int32_t>::max()};
constexpr auto long_max = std::numeric_limits<std::int64_t>::max();

ConfigDef const* find(std::span<ConfigDef const> table, std::string_view name) {
    auto const at = std::ranges::lower_bound(table, name, {}, &ConfigDef::name);
    return at != table.end() && at->name == name ? &*at : nullptr;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
    Number number{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Calls `each` with every word between separators, without the spaces around it.
void split(std::string_view text, char separator, auto each) {
    while (true) {
        auto const end = text.find(separator);
        auto word = text.substr(0, end);
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        each(word);
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

bool has_word(std::string_view text, char separator, std::string_view wanted) {
    bool found = false;
    split(text, separator, [&](std::string_view word) { found |= word == wanted; });
    return found;
}

std::string invalid(ConfigDef const& def, std::string_view value, std::string const& why) {
    return "Invalid value '" + std::string(value) + "' for configuration " + std::string(def.name) +
           ": " + why + ".";
}

std::string range(ConfigDef const& def) {
    return def.most == long_max || def.most == int_max
               ? "at least " + std::to_string(def.least)
               : "from " + std::to_string(def.least) + " to " + std::to_string(def.most);
}

std::string choices(ConfigDef const& def) {
    std::string text;
    split(def.allowed, ' ',
          [&](std::string_view word) { text += (text.empty() ? "" : ", ") + std::string(word); });
    return text;
}

/// What compression.type names; none: the producer's codec stays.
std::optional<records::Codec> codec_of(std::string_view type) {
    using records::Codec;
    if (type == "uncompressed") return Codec::none;
    for (auto const codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        if (type == to_string(codec)) return codec;
    }
    return std::nullopt;
}

}  // namespace

ConfigDef const* find_topic_config(std::string_view name) { return find(topic_configs(), name); }
ConfigDef const* find_broker_config(std::string_view name) { return find(broker_configs(), name); }

std::optional<std::string> check_config(ConfigDef const& def, std::string_view value) {
    using enum ConfigType;
    switch (def.type) {
        case boolean:
            if (value != "true" && value != "false")
                return invalid(def, value, "it must be true or false");
            break;
        case integer:
        case short_integer:
        case long_integer: {
            auto const number = parse<std::int64_t>(value);
            if (!number) return invalid(def, value, "it must be a whole number");
            if (*number < def.least || *number > def.most)
                return invalid(def, value, "it must be " + range(def));
            break;
        }
        case double_number: {
            auto const number = parse<double>(value);
            if (!number) return invalid(def, value, "it must be a number");
            if (!(*number >= double(def.least) && *number <= double(def.most)))
                return invalid(def, value, "it must be " + range(def));
            return std::nullopt;
        }
        case list: {
            if (def.allowed.empty()) return std::nullopt;
            bool good = !value.empty();
            split(value, ',', [&](std::string_view word) {
                good = good && !word.empty() && has_word(def.allowed, ' ', word);
            });
            if (!good) return invalid(def, value, "it must be a list of " + choices(def));
            return std::nullopt;
        }
        case string:
        case class_name:
        case password:
            break;
    }
    if (!def.allowed.empty() && !has_word(def.allowed, ' ', value))
        return invalid(def, value, "it must be one of " + choices(def));
    return std::nullopt;
}

std::string broker_default(ConfigDef const& def, Options const& options) {
    auto const text = [](auto number) { return std::to_string(number); };
    auto const& name = def.name;
    if (name == "advertised.listeners")
        return "PLAINTEXT://" + options.advertised_host + ":" + text(options.advertised_port);
    if (name == "auto.create.topics.enable")
        return options.auto_create_topics_enable ? "true" : "false";
    if (name == "broker.id" || name == "node.id") return text(options.node_id);
    if (name == "fetch.max.bytes") return text(options.fetch_max_bytes);
    if (name == "group.consumer.heartbeat.interval.ms")
        return text(options.group_consumer_heartbeat_interval_ms.count());
    if (name == "group.consumer.max.heartbeat.interval.ms")
        return text(options.group_consumer_max_heartbeat_interval_ms.count());
    if (name == "group.consumer.max.session.timeout.ms")
        return text(options.group_consumer_max_session_timeout_ms.count());
    if (name == "group.consumer.max.size") return text(options.group_consumer_max_size);
    if (name == "group.consumer.min.heartbeat.interval.ms")
        return text(options.group_consumer_min_heartbeat_interval_ms.count());
    if (name == "group.consumer.min.session.timeout.ms")
        return text(options.group_consumer_min_session_timeout_ms.count());
    if (name == "group.consumer.session.timeout.ms")
        return text(options.group_consumer_session_timeout_ms.count());
    if (name == "group.initial.rebalance.delay.ms")
        return text(options.group_initial_rebalance_delay_ms.count());
    if (name == "group.max.session.timeout.ms")
        return text(options.group_max_session_timeout_ms.count());
    if (name == "group.max.size") return text(options.group_max_size);
    if (name == "group.min.session.timeout.ms")
        return text(options.group_min_session_timeout_ms.count());
    if (name == "klamm.retention.guard.hold.bytes") return text(options.retention_guard_hold_bytes);
    if (name == "log.retention.check.interval.ms")
        return text(options.log_retention_check_interval_ms.count());
    if (name == "max.incremental.fetch.session.cache.slots")
        return text(options.max_incremental_fetch_session_cache_slots);
    if (name == "message.max.bytes") return text(options.message_max_bytes);
    if (name == "num.partitions") return text(options.num_partitions);
    if (name == "offset.metadata.max.bytes") return text(options.offset_metadata_max_bytes);
    if (name == "offsets.retention.minutes") return text(options.offsets_retention_minutes.count());
    if (name == "producer.id.expiration.ms") return text(options.producer_id_expiration_ms.count());
    if (name == "transaction.max.timeout.ms")
        return text(options.transaction_max_timeout_ms.count());
    if (name == "transactional.id.expiration.ms")
        return text(options.transactional_id_expiration_ms.count());
    return std::string(def.default_value);
}

std::string topic_default(ConfigDef const& def, Configs const& broker, Options const& options) {
    if (auto const set = broker.find(def.broker_name); set != broker.end()) return set->second;
    auto const* synonym = find_broker_config(def.broker_name);
    return synonym == nullptr ? std::string(def.default_value) : broker_default(*synonym, options);
}

TopicSettings settings_of(Configs const& topic, Configs const& broker, Options const& options) {
    auto const value = [&](std::string_view name) {
        if (auto const set = topic.find(name); set != topic.end()) return set->second;
        return topic_default(*find_topic_config(name), broker, options);
    };
    TopicSettings s;
    auto const number = [&](std::string_view name, auto& into) {
        if (auto const parsed = parse<std::remove_cvref_t<decltype(into)>>(value(name)))
            into = *parsed;
    };
    number("max.message.bytes", s.max_message_bytes);
    number("retention.ms", s.retention_ms);
    number("retention.bytes", s.retention_bytes);
    number("message.timestamp.before.max.ms", s.timestamp_before_max_ms);
    number("message.timestamp.after.max.ms", s.timestamp_after_max_ms);
    number("min.compaction.lag.ms", s.min_compaction_lag_ms);
    number("max.compaction.lag.ms", s.max_compaction_lag_ms);
    number("delete.retention.ms", s.delete_retention_ms);
    number("min.cleanable.dirty.ratio", s.min_cleanable_dirty_ratio);
    number("segment.bytes", s.segment_bytes);
    number("segment.ms", s.segment_ms);
    if (auto const codec = codec_of(value("compression.type"))) {
        s.compression = {*codec, default_level(*codec)};
        auto const level = "compression." + std::string(to_string(*codec)) + ".level";
        if (find_topic_config(level) != nullptr) number(level, s.compression->level);
    }
    s.log_append_time = value("message.timestamp.type") == "LogAppendTime";
    auto const guard = value("klamm.retention.guard");
    s.guard = guard == "hold"  ? RetentionGuard::hold
              : guard == "off" ? RetentionGuard::off
                               : RetentionGuard::warn;
    auto const policy = value("cleanup.policy");
    s.compact = has_word(policy, ',', "compact");
    s.remove_old = has_word(policy, ',', "delete");
    s.validation = validation_rules(value);
    return s;
}

}  // namespace klamm::broker
