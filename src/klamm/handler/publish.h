// handler/publish.h - records of events that come from outside of a handler, and of replies.
#pragma once

#include "klamm/base/random.h"
#include "klamm/bus/bus.h"
#include "klamm/handler/codecs.h"
#include "klamm/publish.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

/// A seed for ids that no other instance makes, nor the same instance in another life, also when
/// all were given the same `seed`. `what` keeps those of one instance apart.
std::uint64_t seed_of_ids(std::uint64_t seed, std::string_view instance, std::string_view what,
                          std::int64_t now_ms);

/// ce_source of what the App sends: "/billing", if it is not given.
std::string source_of(App const& app);

/// The record of an event that is published, under the id that `options` give.
bus::Outgoing make_record(App const& app, Codecs& codecs, std::string const& topic,
                          EventType const& type, void const* event, PublishOptions options,
                          Time now);
/// The same; an id is made up when none is given: `ids` is seeded by chance, or by a simulation.
bus::Outgoing make_published(App const& app, Codecs& codecs, std::string const& topic,
                             EventType const& type, void const* event, PublishOptions options,
                             Random& ids, Time now);

// ---- requests and replies, as Spring's ReplyingKafkaTemplate writes and reads them -------------

inline constexpr std::string_view correlation_header = "kafka_correlationId";  ///< bytes
inline constexpr std::string_view reply_topic_header = "kafka_replyTopic";
inline constexpr std::string_view reply_partition_header = "kafka_replyPartition";  ///< int32 BE

/// Where a request wants its reply.
struct ReplyTo {
    std::string topic;
    std::optional<std::int32_t> partition;
    std::optional<std::string> correlation;
};
/// None: it is no request, or its headers make no sense.
std::optional<ReplyTo> reply_to(Headers const& headers);
void write_reply_to(Headers& headers, ReplyTo const& to);

/// "billing-replies"
std::string reply_topic(std::string_view app);

/// A record as a message: its views look into the record.
Message message_of(bus::Record const& record);

}  // namespace klamm::handler
