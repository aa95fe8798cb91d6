// broker/topics.h - topics made, with the rules for their names.
#pragma once

#include "klamm/broker/config.h"
#include "klamm/broker/state.h"
#include "klamm/broker/step.h"
#include "klamm/kafka/errors.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::broker {

/// Why a client does not get what it asked for.
struct Refusal {
    kafka::ErrorCode code{};
    std::string message;
};

/// The reason why no topic may have this name, or nothing.
std::optional<std::string> check_topic_name(std::string_view name, Options const& options);

/// What UNKNOWN_TOPIC_OR_PARTITION means, or INVALID_TOPIC_EXCEPTION for a name that cannot be.
kafka::ErrorCode why_no_topic(std::string_view name, Options const& options);

/// Journals a topic. Requires configs that were checked.
std::expected<Topic const*, Refusal> create_topic(Step& step, std::string const& name,
                                                  std::int32_t partitions, Configs const& configs);
/// The checks of create_topic() alone.
std::optional<Refusal> check_new_topic(Step& step, std::string const& name,
                                       std::int32_t partitions);

inline constexpr std::string_view journal_full = "The journal is full: no disk space is left.";

}  // namespace klamm::broker
