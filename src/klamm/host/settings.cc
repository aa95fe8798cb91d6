#include "klamm/host/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace klamm::host {
namespace {

/// One row of the table. `get` refers to the member, whatever its integral type is.
struct Setting {
    std::string_view name;
    std::int64_t least;
    std::int64_t most;
    std::string_view says;
    std::int64_t (*get)(Options const&);
    void (*set)(Options&, std::int64_t);
    bool flag = false;
};

template <class T>
std::int64_t as_number(T value) {
    if constexpr (std::is_integral_v<T>)
        return std::int64_t(value);
    else
        return std::int64_t(value.count());
}

template <class T>
T from_number(std::int64_t number) {
    if constexpr (std::is_same_v<T, bool>)
        return number != 0;
    else if constexpr (std::is_integral_v<T>)
        return T(number);
    else
        return T(typename T::rep(number));
}

// A member of Options, by name, as the pair of functions that read and write it.
#define MEMBER(member)                                                                         \
    [](Options const& o) { return as_number(o.member); }, [](Options& o, std::int64_t value) { \
        o.member = from_number<std::remove_cvref_t<decltype(o.member)>>(value);                \
    }

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t gib = 1024LL * 1024 * 1024;

// clang-format off
constexpr Setting settings[] = {
    {"auto.create.topics.enable", 0, 1, "whether asking for a topic makes it",
     MEMBER(broker.auto_create_topics_enable), true},
    {"num.partitions", 1, 100'000, "of topics created without a number",
     MEMBER(broker.num_partitions)},
    {"message.max.bytes", 1024, 16 * 1024 * 1024 - 1024, "the largest batch that a topic takes",
     MEMBER(broker.message_max_bytes)},
    {"log.retention.check.interval.ms", 100, int32_max, "how often old records are looked for",
     MEMBER(broker.log_retention_check_interval_ms)},
    {"klamm.retention.guard.hold.bytes", 0, 1024 * gib,
     "kept for groups that have not read it, with klamm.retention.guard=hold",
     MEMBER(broker.retention_guard_hold_bytes)},
    {"group.initial.rebalance.delay.ms", 0, 300'000, "how long a new group waits for more members",
     MEMBER(broker.group_initial_rebalance_delay_ms)},
    {"group.min.session.timeout.ms", 1, day_ms, "the least that a member may ask for",
     MEMBER(broker.group_min_session_timeout_ms)},
    {"group.max.session.timeout.ms", 1, day_ms, "the most that a member may ask for",
     MEMBER(broker.group_max_session_timeout_ms)},
    {"group.consumer.session.timeout.ms", 1, day_ms, "without a heartbeat, a member is gone",
     MEMBER(broker.group_consumer_session_timeout_ms)},
    {"group.consumer.min.session.timeout.ms", 1, day_ms, "the least that a group may be given",
     MEMBER(broker.group_consumer_min_session_timeout_ms)},
    {"group.consumer.max.session.timeout.ms", 1, day_ms, "the most that a group may be given",
     MEMBER(broker.group_consumer_max_session_timeout_ms)},
    {"group.consumer.heartbeat.interval.ms", 1, day_ms, "how often members send heartbeats",
     MEMBER(broker.group_consumer_heartbeat_interval_ms)},
    {"group.consumer.min.heartbeat.interval.ms", 1, day_ms, "the least that a group may be given",
     MEMBER(broker.group_consumer_min_heartbeat_interval_ms)},
    {"group.consumer.max.heartbeat.interval.ms", 1, day_ms, "the most that a group may be given",
     MEMBER(broker.group_consumer_max_heartbeat_interval_ms)},
    {"group.consumer.max.size", 1, 100'000, "members of one group of the consumer protocol",
     MEMBER(broker.group_consumer_max_size)},
    {"group.max.size", 1, 100'000, "members of one group", MEMBER(broker.group_max_size)},
    {"offsets.retention.minutes", 1, int32_max,
     "offsets of a group without members are kept so long",
     MEMBER(broker.offsets_retention_minutes)},
    {"offset.metadata.max.bytes", 0, 65'536, "of the text stored with an offset",
     MEMBER(broker.offset_metadata_max_bytes)},
    {"producer.id.expiration.ms", 1, int32_max, "an idle producer's state is kept so long",
     MEMBER(broker.producer_id_expiration_ms)},
    {"transaction.max.timeout.ms", 1, int32_max, "a transaction may take so long at most",
     MEMBER(broker.transaction_max_timeout_ms)},
    {"transactional.id.expiration.ms", 1, int32_max, "an unused transactional id is kept so long",
     MEMBER(broker.transactional_id_expiration_ms)},
    {"max.incremental.fetch.session.cache.slots", 0, 100'000, "fetch sessions kept",
     MEMBER(broker.max_incremental_fetch_session_cache_slots)},
    {"fetch.max.bytes", 1024, 1024 * 1024 * 1024, "records in one fetch response",
     MEMBER(broker.fetch_max_bytes)},
    {"node.id", 0, int32_max, "the broker's id in metadata", MEMBER(broker.node_id)},
    {"num.network.threads", 1, 64, "threads that own sockets", MEMBER(io_threads)},
    {"max.connections", 1, 1'000'000, "further ones are closed at once", MEMBER(connections_max)},
    {"klamm.http.connections.max", 1, 100'000, "at the HTTP port; further ones are answered 503",
     MEMBER(http_connections_max)},
    {"connections.max.idle.ms", 1000, int32_max,
     "a connection without requests is closed after this",
     MEMBER(connection_idle_max)},
    {"socket.request.max.bytes", 1024, int32_max, "the largest frame that a client may send",
     MEMBER(request_bytes_max)},
    {"queued.max.requests", 1, 1'000'000, "requests decoded and not yet taken by the broker",
     MEMBER(requests_queued_max)},
    {"klamm.connection.requests.max", 1, 100'000, "unanswered requests of one connection",
     MEMBER(requests_per_connection_max)},
    {"klamm.request.bytes.in.flight.max", 1024 * 1024, 64 * gib,
     "frames being received or answered, together",
     MEMBER(request_bytes_in_flight_max)},
    {"klamm.response.bytes.buffered.max", 1024, gib,
     "a connection with more unsent gets no further response",
     MEMBER(response_bytes_buffered_max)},
    {"klamm.cold.bytes.max", 1024 * 1024, 64 * gib,
     "records read back from the disk and not yet sent, together",
     MEMBER(cold_bytes_max)},
    {"klamm.frame.silence.max.ms", 100, int32_max,
     "silence inside a frame, or from one who does not read, ends the connection",
     MEMBER(frame_silence_max)},
    {"klamm.checkpoint.bytes", 65'536, 64 * gib, "journaled between two checkpoints",
     MEMBER(checkpoint_bytes)},
    {"klamm.journal.bytes", 1024 * 1024, 1024 * gib,
     "held in the journal; older records are merged into files of their own",
     MEMBER(broker.journal_bytes)},
    {"klamm.storage.job.bytes", 1024 * 1024, 16 * gib,
     "written by one step of merging or compaction before space is given back",
     MEMBER(broker.storage_job_bytes)},
    {"klamm.storage.bytes.per.second", 64 * 1024, 1024 * gib,
     "read and written by merging and compaction, together",
     MEMBER(storage_bytes_per_second)},
    {"klamm.compaction.bytes.min", 1, 1024 * gib,
     "fewer bytes that are not compacted are not worth a pass before segment.ms",
     MEMBER(broker.compaction_bytes_min)},
    {"log.cleaner.dedupe.buffer.size", 64 * 1024, 64 * gib,
     "memory for the keys of one pass of compaction",
     MEMBER(broker.compaction_map_bytes)},
    {"klamm.memory.bytes.max", 1024 * 1024, 1024 * gib,
     "of records, with --durability memory; as much again for compacted topics",
     MEMBER(memory_bytes_max)},
    {"klamm.drain.max.ms", 0, int32_max, "a stopping broker waits so long for answers in flight",
     MEMBER(drain_max)},
    {"klamm.fetch.max.wait.ms", 0, int32_max, "a client may not ask a fetch to wait longer",
     MEMBER(broker.fetch_max_wait_ms)},
    {"klamm.client.metrics.interval.ms", 0, day_ms,
     "how often clients shall push metrics for /metrics; 0: never",
     MEMBER(broker.client_metrics_interval_ms)},
    {"klamm.partitions.max", 1, 10'000'000, "partitions of all topics together",
     MEMBER(broker.partitions_max)},
    {"klamm.producers.max", 1, 10'000'000, "idempotent producers remembered; the oldest go first",
     MEMBER(broker.producers_max)},
};
// clang-format on
#undef MEMBER

std::string allowed(Setting const& setting) {
    if (setting.flag) return "true or false";
    return fmt::format("{} to {}", setting.least, setting.most);
}

std::string written(Setting const& setting, std::int64_t value) {
    if (setting.flag) return value != 0 ? "true" : "false";
    return std::to_string(value);
}

std::expected<std::int64_t, std::string> read_value(Setting const& setting, std::string_view text) {
    std::int64_t value = 0;
    if (setting.flag) {
        if (text == "true") return 1;
        if (text == "false") return 0;
    } else {
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const whole = error == std::errc{} && end == text.data() + text.size();
        if (whole && value >= setting.least && value <= setting.most) return value;
    }
    return std::unexpected(
        fmt::format("{} is '{}'; allowed: {}", setting.name, text, allowed(setting)));
}

}  // namespace

std::expected<void, std::string> apply_setting(Options& options, std::string_view name_and_value) {
    auto const equals = name_and_value.find('=');
    if (equals == std::string_view::npos)
        return std::unexpected(fmt::format("'{}' is not NAME=VALUE", name_and_value));
    auto const name = name_and_value.substr(0, equals);
    for (auto const& setting : settings) {
        if (setting.name != name) continue;
        auto const value = read_value(setting, name_and_value.substr(equals + 1));
        if (!value) return std::unexpected(value.error());
        setting.set(options, *value);
        return {};
    }
    return std::unexpected(
        fmt::format("there is no setting '{}'; `klamm serve --settings` lists them", name));
}

std::vector<SettingInfo> list_settings() {
    std::vector<SettingInfo> all;
    Options const defaults;
    for (auto const& setting : settings)
        all.push_back({setting.name, written(setting, setting.get(defaults)), allowed(setting),
                       setting.says});
    return all;
}

std::string_view to_string(Durability durability) {
    switch (durability) {
        case Durability::synced:
            return "synced";
        case Durability::page_cache:
            return "page-cache";
        case Durability::memory:
            return "memory";
    }
    return "?";
}

std::optional<Durability> parse_durability(std::string_view text) {
    for (auto const each : {Durability::synced, Durability::page_cache, Durability::memory})
        if (text == to_string(each)) return each;
    return std::nullopt;
}

}  // namespace klamm::host
