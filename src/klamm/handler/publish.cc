#include "klamm/handler/publish.h"

#include "klamm/base/siphash.h"
#include "klamm/base/uuid.h"
#include "klamm/handler/cloud_event.h"

#include <fmt/format.h>

#include <span>

namespace klamm::handler {
namespace {

std::string big_endian(std::int32_t number) {
    auto const bits = static_cast<std::uint32_t>(number);
    std::string bytes;
    for (auto const shift : {24U, 16U, 8U, 0U})
        bytes += static_cast<char>(static_cast<unsigned char>(bits >> shift));
    return bytes;
}

std::int32_t from_big_endian(std::string_view bytes) {
    std::uint32_t bits = 0;
    for (auto const byte : bytes) bits = (bits << 8U) | static_cast<unsigned char>(byte);
    return static_cast<std::int32_t>(bits);
}

std::string_view text_of(Slice const& slice) {
    return {reinterpret_cast<char const*>(slice.data()), slice.size()};
}

}  // namespace

std::uint64_t seed_of_ids(std::uint64_t seed, std::string_view instance, std::string_view what,
                          std::int64_t now_ms) {
    auto const text = fmt::format("{} {} {}", what, now_ms, instance);
    return siphash128(std::as_bytes(std::span(text)), {seed, 0}).low;
}

std::string source_of(App const& app) {
    return app.options().source.empty() ? fmt::format("/{}", app.name()) : app.options().source;
}

bus::Outgoing make_record(App const& app, Codecs& codecs, std::string const& topic,
                          EventType const& type, void const* event, PublishOptions options,
                          Time now) {
    auto encoded = codecs.encode(topic, type, event);
    EventContext const context{
        .id = std::move(options.id),
        .source = options.source.empty() ? source_of(app) : std::move(options.source),
        .type = type.name,
        .subject = std::move(options.subject),
        .content_type = std::string(encoded.content_type),
        .time = options.time.value_or(now),
        .correlation_id = std::move(options.correlation_id),
    };
    bus::Outgoing record{.topic = topic,
                         .partition = options.partition,
                         .key = std::move(options.key),
                         .value = std::move(encoded.value),
                         .headers = std::move(options.headers)};
    write_context(record.headers, context);
    return record;
}

bus::Outgoing make_published(App const& app, Codecs& codecs, std::string const& topic,
                             EventType const& type, void const* event, PublishOptions options,
                             Random& ids, Time now) {
    if (options.id.empty()) options.id = to_hyphenated(Uuid::random(ids));
    return make_record(app, codecs, topic, type, event, std::move(options), now);
}

std::optional<ReplyTo> reply_to(Headers const& headers) {
    auto const topic = find_header(headers, reply_topic_header);
    if (!topic || topic->empty()) return std::nullopt;
    ReplyTo to{.topic = std::string(*topic)};
    if (auto const partition = find_header(headers, reply_partition_header)) {
        if (partition->size() != 4) return std::nullopt;
        to.partition = from_big_endian(*partition);
        if (*to.partition < 0) return std::nullopt;
    }
    if (auto const correlation = find_header(headers, correlation_header))
        to.correlation = std::string(*correlation);
    return to;
}

void write_reply_to(Headers& headers, ReplyTo const& to) {
    set_header(headers, reply_topic_header, to.topic);
    if (to.partition) set_header(headers, reply_partition_header, big_endian(*to.partition));
    if (to.correlation) set_header(headers, correlation_header, *to.correlation);
}

std::string reply_topic(std::string_view app) { return fmt::format("{}-replies", app); }

Message message_of(bus::Record const& record) {
    Message message{.position = {record.partition.topic, record.partition.partition, record.offset},
                    .timestamp = Time{milliseconds{record.timestamp_ms}},
                    .headers = record.headers};
    if (record.key) message.key = text_of(*record.key);
    if (record.value) message.value = text_of(*record.value);
    return message;
}

}  // namespace klamm::handler
