// handler/dead_letter.h - what a dead letter says about itself, in the headers of several dialects.
#pragma once

#include "klamm/message.h"
#include "klamm/outcome.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

struct DeadLetter {
    enum class Dialect : std::uint8_t { klamm, spring, connect, streams, share_group, unknown };
    Dialect dialect = Dialect::klamm;
    std::optional<Position> original;  ///< none: it does not say
    std::optional<Time> original_timestamp;
    std::string group;
    std::string handler;
    std::string reason;
    std::string error_type;  ///< what they are grouped by: exception class, error type
    std::int32_t attempts = 0;
    std::int32_t redrives = 0;  ///< how often it was sent back and failed again
    std::optional<Time> failed_at;
    bool parked = false;      ///< it did not fail: it waits behind one that did
    std::string stack_trace;  ///< as others write it
};

/// Names of Klamm's own headers: doc/dead-letters.md.
inline constexpr std::string_view redrive_header = "klamm_redrive";

/// The original headers, and behind them those that describe the dead letter. Dead-letter headers
/// of an earlier round are replaced.
Headers write_dead_letter(Headers const& original, DeadLetter const& letter,
                          DeadLetterDialect dialect);
/// Recognizes the dialect by its headers. `unknown`: no dead letter that we know.
DeadLetter read_dead_letter(Headers const& headers);
/// The headers as they were before it became a dead letter, for a redrive.
Headers original_headers(Headers const& headers);

/// "orders-dlt"
std::string dead_letter_topic(std::string_view topic, HandlerOptions const& options);

/// What a redriven event says: from which dead letter it comes, for which group it is meant (other
/// groups of Klamm pass it over), how often it was redriven.
struct Redrive {
    Position dead_letter;
    std::string group;
    std::int32_t redrives = 1;
    bool last = false;  ///< of its key, as far as the one who redrove knew
    /// Where the event was first: what DeadLetter::original says. It stays so however often it
    /// fails again, and dead letters of one key are redriven in its order, not in that of their
    /// own offsets: an event that returned stands behind younger ones.
    std::optional<Position> original;
    /// There is no event (the value is null): the dead letter was given up, and what is parked
    /// behind it need not wait for it.
    bool discard = false;
};
void write_redrive(Headers& headers, Redrive const& redrive);
std::optional<Redrive> read_redrive(Headers const& headers);

}  // namespace klamm::handler
