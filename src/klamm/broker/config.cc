#include "klamm/broker/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace klamm::broker {
namespace {

constexpr auto int_max = std::int64_t{std::numeric_limits<std::int32_t>::max()};
constexpr auto long_max = std::numeric_limits<std::int64_t>::max();
using enum ConfigType;

constexpr std::array topic_table = std::to_array<ConfigDef>({
    {.name = "cleanup.policy",
     .type = list,
     .default_value = "delete",
     .documentation = "What happens to old records: delete (by age or size), compact (the last one "
                      "of each key stays), or both.",
     .broker_name = "log.cleanup.policy",
     .allowed = "compact delete"},
    {.name = "compression.gzip.level",
     .type = integer,
     .default_value = "-1",
     .documentation = "Level of gzip when the broker compresses. Klamm keeps the producer's codec.",
     .broker_name = "compression.gzip.level",
     .least = -1,
     .most = 9},
    {.name = "compression.lz4.level",
     .type = integer,
     .default_value = "9",
     .documentation = "Level of lz4 when the broker compresses. Klamm keeps the producer's codec.",
     .broker_name = "compression.lz4.level",
     .least = 1,
     .most = 17},
    {.name = "compression.type",
     .type = string,
     .default_value = "producer",
     .documentation =
         "The codec of stored batches. Klamm supports 'producer' only: batches stay as "
         "the producer compressed them.",
     .broker_name = "compression.type",
     .allowed = "producer"},
    {.name = "compression.zstd.level",
     .type = integer,
     .default_value = "3",
     .documentation = "Level of zstd when the broker compresses. Klamm keeps the producer's codec.",
     .broker_name = "compression.zstd.level",
     .least = -131072,
     .most = 22},
    {.name = "delete.retention.ms",
     .type = long_integer,
     .default_value = "86400000",
     .documentation = "How long tombstones of compacted topics stay.",
     .broker_name = "log.cleaner.delete.retention.ms",
     .least = 0,
     .most = long_max},
    {.name = "file.delete.delay.ms",
     .type = long_integer,
     .default_value = "60000",
     .documentation = "Without effect: Klamm has no file for each partition.",
     .broker_name = "log.segment.delete.delay.ms",
     .least = 0,
     .most = long_max},
    {.name = "flush.messages",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Without effect: every acknowledged record is synced.",
     .broker_name = "log.flush.interval.messages",
     .least = 1,
     .most = long_max},
    {.name = "flush.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Without effect: every acknowledged record is synced.",
     .broker_name = "log.flush.interval.ms",
     .least = 0,
     .most = long_max},
    {.name = "follower.replication.throttled.replicas",
     .type = list,
     .default_value = "",
     .documentation = "Without effect: there are no replicas."},
    {.name = "index.interval.bytes",
     .type = integer,
     .default_value = "4096",
     .documentation = "Without effect: every batch is indexed.",
     .broker_name = "log.index.interval.bytes",
     .least = 0,
     .most = int_max},
    {.name = "leader.replication.throttled.replicas",
     .type = list,
     .default_value = "",
     .documentation = "Without effect: there are no replicas."},
    {.name = "local.retention.bytes",
     .type = long_integer,
     .default_value = "-2",
     .documentation = "Without effect: there is no tiered storage.",
     .broker_name = "log.local.retention.bytes",
     .least = -2,
     .most = long_max},
    {.name = "local.retention.ms",
     .type = long_integer,
     .default_value = "-2",
     .documentation = "Without effect: there is no tiered storage.",
     .broker_name = "log.local.retention.ms",
     .least = -2,
     .most = long_max},
    {.name = "max.compaction.lag.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "After how long a record of a compacted topic must be compacted.",
     .broker_name = "log.cleaner.max.compaction.lag.ms",
     .least = 1,
     .most = long_max},
    {.name = "max.message.bytes",
     .type = integer,
     .default_value = "1048588",
     .documentation = "The largest batch that is accepted, as it is stored.",
     .broker_name = "message.max.bytes",
     .least = 0,
     .most = int_max},
    {.name = "message.timestamp.after.max.ms",
     .type = long_integer,
     .default_value = "3600000",
     .documentation = "How far a record's timestamp may be ahead of the broker's clock.",
     .broker_name = "log.message.timestamp.after.max.ms",
     .least = 0,
     .most = long_max},
    {.name = "message.timestamp.before.max.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "How far a record's timestamp may be behind the broker's clock.",
     .broker_name = "log.message.timestamp.before.max.ms",
     .least = 0,
     .most = long_max},
    {.name = "message.timestamp.type",
     .type = string,
     .default_value = "CreateTime",
     .documentation = "Whether timestamps are the producer's (CreateTime) or the broker's "
                      "(LogAppendTime).",
     .broker_name = "log.message.timestamp.type",
     .allowed = "CreateTime LogAppendTime"},
    {.name = "min.cleanable.dirty.ratio",
     .type = double_number,
     .default_value = "0.5",
     .documentation = "How much of a compacted topic may be not compacted yet.",
     .broker_name = "log.cleaner.min.cleanable.ratio",
     .least = 0,
     .most = 1},
    {.name = "min.compaction.lag.ms",
     .type = long_integer,
     .default_value = "0",
     .documentation = "How long a record of a compacted topic stays as it is.",
     .broker_name = "log.cleaner.min.compaction.lag.ms",
     .least = 0,
     .most = long_max},
    {.name = "min.insync.replicas",
     .type = integer,
     .default_value = "1",
     .documentation = "Without effect: acknowledged means on stable storage here.",
     .broker_name = "min.insync.replicas",
     .least = 1,
     .most = int_max},
    {.name = "preallocate",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: the journal is always preallocated.",
     .broker_name = "log.preallocate"},
    {.name = "remote.log.copy.disable",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: there is no tiered storage."},
    {.name = "remote.log.delete.on.disable",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: there is no tiered storage."},
    {.name = "remote.storage.enable",
     .type = boolean,
     .default_value = "false",
     .documentation = "Tiered storage. Klamm has none: 'false' only.",
     .allowed = "false"},
    {.name = "retention.bytes",
     .type = long_integer,
     .default_value = "-1",
     .documentation = "How large a partition may grow before old records are removed; -1: without "
                      "limit.",
     .broker_name = "log.retention.bytes",
     .least = -1,
     .most = long_max},
    {.name = "retention.ms",
     .type = long_integer,
     .default_value = "604800000",
     .documentation = "How old a record may become before it is removed; -1: without limit.",
     .broker_name = "log.retention.ms",
     .least = -1,
     .most = long_max},
    {.name = "segment.bytes",
     .type = integer,
     .default_value = "1073741824",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .broker_name = "log.segment.bytes",
     .least = 1048576,
     .most = int_max},
    {.name = "segment.index.bytes",
     .type = integer,
     .default_value = "10485760",
     .documentation = "Without effect: the index is in memory and sized by need.",
     .broker_name = "log.index.size.max.bytes",
     .least = 4,
     .most = int_max},
    {.name = "segment.jitter.ms",
     .type = long_integer,
     .default_value = "0",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .broker_name = "log.roll.jitter.ms",
     .least = 0,
     .most = long_max},
    {.name = "segment.ms",
     .type = long_integer,
     .default_value = "604800000",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .broker_name = "log.roll.ms",
     .least = 1,
     .most = long_max},
    {.name = "unclean.leader.election.enable",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: there is one broker.",
     .broker_name = "unclean.leader.election.enable"},
});

/// Only what is not the default of a topic config; those are added by name.
constexpr std::array broker_table = std::to_array<ConfigDef>({
    {.name = "advertised.listeners",
     .type = string,
     .default_value = "",
     .documentation = "Where clients find the broker.",
     .dynamic = false},
    {.name = "auto.create.topics.enable",
     .type = boolean,
     .default_value = "true",
     .documentation = "Whether a client that asks for a topic that is not there gets it created.",
     .dynamic = false},
    {.name = "broker.id",
     .type = integer,
     .default_value = "1",
     .documentation = "The broker's number in the cluster.",
     .dynamic = false},
    {.name = "compression.gzip.level",
     .type = integer,
     .default_value = "-1",
     .documentation = "Default of the topic config compression.gzip.level.",
     .least = -1,
     .most = 9},
    {.name = "compression.lz4.level",
     .type = integer,
     .default_value = "9",
     .documentation = "Default of the topic config compression.lz4.level.",
     .least = 1,
     .most = 17},
    {.name = "compression.type",
     .type = string,
     .default_value = "producer",
     .documentation = "Default of the topic config compression.type.",
     .allowed = "producer"},
    {.name = "compression.zstd.level",
     .type = integer,
     .default_value = "3",
     .documentation = "Default of the topic config compression.zstd.level.",
     .least = -131072,
     .most = 22},
    {.name = "default.replication.factor",
     .type = integer,
     .default_value = "1",
     .documentation = "There is one broker, so there is one copy.",
     .dynamic = false},
    {.name = "delete.topic.enable",
     .type = boolean,
     .default_value = "true",
     .documentation = "Topics can be deleted.",
     .dynamic = false},
    {.name = "fetch.max.bytes",
     .type = integer,
     .default_value = "57671680",
     .documentation = "The most that one fetch response holds, one batch excepted.",
     .dynamic = false},
    {.name = "group.initial.rebalance.delay.ms",
     .type = integer,
     .default_value = "0",
     .documentation = "How long a new group waits for more members before it starts.",
     .dynamic = false},
    {.name = "group.max.session.timeout.ms",
     .type = integer,
     .default_value = "1800000",
     .documentation = "The longest session timeout that a member may ask for.",
     .dynamic = false},
    {.name = "group.max.size",
     .type = integer,
     .default_value = "10000",
     .documentation = "The most members of one group.",
     .dynamic = false},
    {.name = "group.min.session.timeout.ms",
     .type = integer,
     .default_value = "6000",
     .documentation = "The shortest session timeout that a member may ask for.",
     .dynamic = false},
    {.name = "log.cleaner.delete.retention.ms",
     .type = long_integer,
     .default_value = "86400000",
     .documentation = "Default of the topic config delete.retention.ms.",
     .most = long_max},
    {.name = "log.cleaner.max.compaction.lag.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Default of the topic config max.compaction.lag.ms.",
     .least = 1,
     .most = long_max},
    {.name = "log.cleaner.min.cleanable.ratio",
     .type = double_number,
     .default_value = "0.5",
     .documentation = "Default of the topic config min.cleanable.dirty.ratio.",
     .most = 1},
    {.name = "log.cleaner.min.compaction.lag.ms",
     .type = long_integer,
     .default_value = "0",
     .documentation = "Default of the topic config min.compaction.lag.ms.",
     .most = long_max},
    {.name = "log.cleanup.policy",
     .type = list,
     .default_value = "delete",
     .documentation = "Default of the topic config cleanup.policy.",
     .allowed = "compact delete"},
    {.name = "log.flush.interval.messages",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Without effect: every acknowledged record is synced.",
     .least = 1,
     .most = long_max},
    {.name = "log.flush.interval.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Without effect: every acknowledged record is synced.",
     .most = long_max},
    {.name = "log.index.interval.bytes",
     .type = integer,
     .default_value = "4096",
     .documentation = "Without effect: every batch is indexed.",
     .most = int_max},
    {.name = "log.index.size.max.bytes",
     .type = integer,
     .default_value = "10485760",
     .documentation = "Without effect: the index is in memory.",
     .least = 4,
     .most = int_max},
    {.name = "log.local.retention.bytes",
     .type = long_integer,
     .default_value = "-2",
     .documentation = "Without effect: there is no tiered storage.",
     .least = -2,
     .most = long_max},
    {.name = "log.local.retention.ms",
     .type = long_integer,
     .default_value = "-2",
     .documentation = "Without effect: there is no tiered storage.",
     .least = -2,
     .most = long_max},
    {.name = "log.message.timestamp.after.max.ms",
     .type = long_integer,
     .default_value = "3600000",
     .documentation = "Default of the topic config message.timestamp.after.max.ms.",
     .most = long_max},
    {.name = "log.message.timestamp.before.max.ms",
     .type = long_integer,
     .default_value = "9223372036854775807",
     .documentation = "Default of the topic config message.timestamp.before.max.ms.",
     .most = long_max},
    {.name = "log.message.timestamp.type",
     .type = string,
     .default_value = "CreateTime",
     .documentation = "Default of the topic config message.timestamp.type.",
     .allowed = "CreateTime LogAppendTime"},
    {.name = "log.preallocate",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: the journal is always preallocated."},
    {.name = "log.retention.bytes",
     .type = long_integer,
     .default_value = "-1",
     .documentation = "Default of the topic config retention.bytes.",
     .least = -1,
     .most = long_max},
    {.name = "log.retention.ms",
     .type = long_integer,
     .default_value = "604800000",
     .documentation = "Default of the topic config retention.ms.",
     .least = -1,
     .most = long_max},
    {.name = "log.roll.jitter.ms",
     .type = long_integer,
     .default_value = "0",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .most = long_max},
    {.name = "log.roll.ms",
     .type = long_integer,
     .default_value = "604800000",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .least = 1,
     .most = long_max},
    {.name = "log.segment.bytes",
     .type = integer,
     .default_value = "1073741824",
     .documentation = "Without effect: the journal's segments are those of the broker.",
     .least = 1048576,
     .most = int_max},
    {.name = "log.segment.delete.delay.ms",
     .type = long_integer,
     .default_value = "60000",
     .documentation = "Without effect: Klamm has no file for each partition.",
     .most = long_max},
    {.name = "max.incremental.fetch.session.cache.slots",
     .type = integer,
     .default_value = "1000",
     .documentation = "The most fetch sessions that are remembered.",
     .dynamic = false},
    {.name = "message.max.bytes",
     .type = integer,
     .default_value = "1048588",
     .documentation = "Default of the topic config max.message.bytes.",
     .most = int_max},
    {.name = "min.insync.replicas",
     .type = integer,
     .default_value = "1",
     .documentation = "Without effect: acknowledged means on stable storage here.",
     .least = 1,
     .most = int_max},
    {.name = "node.id",
     .type = integer,
     .default_value = "1",
     .documentation = "The broker's number in the cluster.",
     .dynamic = false},
    {.name = "num.partitions",
     .type = integer,
     .default_value = "1",
     .documentation = "Partitions of a topic that is created without a number.",
     .dynamic = false},
    {.name = "offset.metadata.max.bytes",
     .type = integer,
     .default_value = "4096",
     .documentation = "The longest metadata of a committed offset.",
     .dynamic = false},
    {.name = "offsets.retention.minutes",
     .type = integer,
     .default_value = "10080",
     .documentation = "How long committed offsets of an empty group stay.",
     .dynamic = false},
    {.name = "producer.id.expiration.ms",
     .type = integer,
     .default_value = "86400000",
     .documentation = "After how long without a record an idempotent producer is forgotten.",
     .dynamic = false},
    {.name = "unclean.leader.election.enable",
     .type = boolean,
     .default_value = "false",
     .documentation = "Without effect: there is one broker."},
});

consteval bool in_order(auto const& table) {
    return std::ranges::adjacent_find(
               table, [](auto const& a, auto const& b) { return a.name >= b.name; }) == table.end();
}
static_assert(in_order(topic_table));
static_assert(in_order(broker_table));

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

}  // namespace

std::span<ConfigDef const> topic_configs() { return topic_table; }
std::span<ConfigDef const> broker_configs() { return broker_table; }
ConfigDef const* find_topic_config(std::string_view name) { return find(topic_table, name); }
ConfigDef const* find_broker_config(std::string_view name) { return find(broker_table, name); }

std::optional<std::string> check_config(ConfigDef const& def, std::string_view value) {
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
            return std::nullopt;
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
    if (name == "group.initial.rebalance.delay.ms")
        return text(options.group_initial_rebalance_delay_ms.count());
    if (name == "group.max.session.timeout.ms")
        return text(options.group_max_session_timeout_ms.count());
    if (name == "group.max.size") return text(options.group_max_size);
    if (name == "group.min.session.timeout.ms")
        return text(options.group_min_session_timeout_ms.count());
    if (name == "max.incremental.fetch.session.cache.slots")
        return text(options.max_incremental_fetch_session_cache_slots);
    if (name == "message.max.bytes") return text(options.message_max_bytes);
    if (name == "num.partitions") return text(options.num_partitions);
    if (name == "offset.metadata.max.bytes") return text(options.offset_metadata_max_bytes);
    if (name == "offsets.retention.minutes") return text(options.offsets_retention_minutes.count());
    if (name == "producer.id.expiration.ms") return text(options.producer_id_expiration_ms.count());
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
    s.log_append_time = value("message.timestamp.type") == "LogAppendTime";
    auto const policy = value("cleanup.policy");
    s.compact = has_word(policy, ',', "compact");
    s.remove_old = has_word(policy, ',', "delete");
    return s;
}

}  // namespace klamm::broker
