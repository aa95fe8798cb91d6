// bus/topics.h - asking what topics there are.
#pragma once

#include "klamm/bus/line.h"

namespace klamm::bus {

/// Refused, with Kafka's error and what the broker says to it.
Error refused(std::string const& what, kafka::ErrorCode error,
              std::optional<std::string> const& message = std::nullopt);

kafka::MetadataRequest metadata_request(std::vector<std::string> const& names);

/// Sees to it that all of these are in `setting.topics`. Calls `done` at once when they are fresh
/// there. The error: one does not exist, or the broker is away.
void learn_topics(Line& line, std::shared_ptr<Setting> const& setting,
                  std::vector<std::string> const& names, Instant until,
                  std::move_only_function<void(std::optional<Error>)> done);

}  // namespace klamm::bus
