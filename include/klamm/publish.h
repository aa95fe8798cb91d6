// klamm/publish.h - what can be said about an event that is published from outside of a handler.
#pragma once

#include "klamm/message.h"

#include <cstdint>
#include <optional>
#include <string>

namespace klamm {

struct PublishOptions {
    std::optional<std::string> key;
    std::optional<std::int32_t> partition;  ///< none: by the key, as Kafka's clients choose it
    Headers headers;
    std::string id;      ///< ce_id; empty: one by chance. The same id is the same event.
    std::string source;  ///< ce_source; empty: the App's
    std::string correlation_id;
    std::string subject;
    std::optional<Time> time;
};

}  // namespace klamm
