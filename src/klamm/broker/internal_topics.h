// broker/internal_topics.h - the topics that the broker keeps: __consumer_offsets and
// __transaction_state, for those who look for them, and _schemas, which the registry writes.
//
// Offsets and transactions are in the journal and not in topics. But tools look for the topics, and
// count their partitions; so they come to be when Kafka would make them, as soon as somebody asks
// who coordinates a group or a transaction, and stay empty. See doc/decisions/0007.
//
// _schemas has the registry's changes (registry_changes.h). To tools it is a topic like any other.
#pragma once

#include "klamm/broker/topics.h"

#include <expected>
#include <string_view>

namespace klamm::broker {

inline constexpr std::string_view offsets_topic = "__consumer_offsets";
inline constexpr std::string_view transactions_topic = "__transaction_state";
inline constexpr std::string_view schemas_topic = "_schemas";

/// What clients are told of a topic: that it is the broker's own.
bool is_internal(std::string_view topic);

/// Nobody but the broker makes, deletes, extends or writes to such a topic: an internal one, or
/// _schemas.
bool is_kept(std::string_view topic);

/// What clients are told who try.
Refusal refuse_kept(std::string_view topic, Options const& options);

/// Makes a topic that the broker keeps unless it is there. Refused when the journal or the broker
/// is full; nothing depends on it.
std::expected<Topic const*, Refusal> ensure_internal(Step& step, std::string_view topic);

}  // namespace klamm::broker
