// handler/dead_letter.h - what a dead letter says about itself, in the headers of several dialects.
//
//     orders ──▶ handler fails ──▶ orders-dlt: key, value and headers as they were,
//       ▲                              │       and behind them klamm_dlq_… (DeadLetter)
//       └────── klamm_redrive… ────────┘ redrive.h: headers as they were, and Redrive
//
// The names and forms of all headers are in doc/dead-letters.md. Whatever stands in them, reading
// never fails: what is missing or damaged is left out.
#pragma once

#include "klamm/message.h"
#include "klamm/outcome.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

struct DeadLetter {
    enum class Dialect : std::uint8_t {
        klamm,
        spring,         ///< Spring Kafka, DeadLetterPublishingRecoverer: kafka_dlt-…
        spring_retry,   ///< Spring Kafka's retry topics and what ends them: kafka_original-…
        spring_binder,  ///< Spring Cloud Stream, and what is made by hand: x-original-…
        connect,        ///< Kafka Connect: __connect.errors.…
        streams,        ///< Kafka Streams: __streams.errors.…
        share_group,    ///< brokers, for share groups (KIP-1191): __dlq.errors.…
        karafka,        ///< source_…
        wolverine,      ///< exception-…; says nothing about where it was
        knative,        ///< ce_knativeerror…; says nothing about where it was
        unknown,
    };
    Dialect dialect = Dialect::klamm;
    /// Where the event was when it failed first, also after it was redriven and failed again.
    /// None: it does not say. Partition or offset -1: it says only the rest.
    std::optional<Position> original;
    std::optional<Time> original_timestamp;
    std::string group;
    std::string handler;
    std::string reason;
    std::string error_type;  ///< what they are grouped by: exception class, error type
    std::int32_t attempts = 0;
    std::int32_t redrives = 0;  ///< how often it was sent back and came here again
    std::optional<Time> failed_at;
    bool parked = false;  ///< it did not fail: it waits behind one that did
    /// What waits behind it, or behind what it waits for, until that was redriven or discarded: it
    /// decides what a redrive takes along, and whether a discard must be told to the engine. Of
    /// other dialects: nothing waits.
    Park park = Park::key;
    std::string stack_trace;  ///< as others write it
    bool operator==(DeadLetter const&) const = default;
};
std::string_view to_string(DeadLetter::Dialect dialect);  ///< "share group"

/// Longer reasons are cut, at the end of a character.
inline constexpr std::size_t dead_letter_reason_bytes_max = 4096;

/// The original headers, and behind them those that describe the dead letter. Dead-letter headers
/// of an earlier round are replaced. If the event was redriven, its first position and its count of
/// redrives are taken from there, whatever `letter` says.
Headers write_dead_letter(Headers const& original, DeadLetter const& letter,
                          DeadLetterDialect dialect);
/// Recognizes the dialect by its headers. `unknown`: no dead letter that we know.
DeadLetter read_dead_letter(Headers const& headers);
/// The headers as they were before it became a dead letter, for a redrive.
Headers original_headers(Headers const& headers);

/// "orders-dlt"
std::string dead_letter_topic(std::string_view topic, HandlerOptions const& options);

/// What an event says that was redriven, or a mark that one was discarded: from which dead letter
/// it comes, and for which group it is meant. Groups of Klamm pass over what is meant for another.
///
/// The record of a mark has no value, and a key of its own ("klamm-discard/orders-dlt/0@17"), so
/// that it deletes nothing where topics are compacted, nor in the tables of other readers. The
/// event's key is in `key`: queue and count by redriven_key(), not by the record's key.
struct Redrive {
    Position dead_letter;
    std::string group;  ///< empty: it is not known; no group of Klamm's
    std::int32_t redrives = 1;
    bool last = false;  ///< of its key, as far as the one who redrove knew
    /// Where the event was first: what DeadLetter::original says. It stays so however often it
    /// fails again, and dead letters of one key are redriven in its order, not in that of their
    /// own offsets: an event that returned stands behind younger ones.
    std::optional<Position> original;
    std::optional<Time> original_timestamp;
    /// There is no event (the value is null): the dead letter was given up, and what is parked
    /// behind it need not wait for it.
    bool discard = false;
    std::optional<std::string> key;  ///< of a discarded event that had one
    std::string reason;              ///< why it was discarded
    bool operator==(Redrive const&) const = default;
};
void write_redrive(Headers& headers, Redrive const& redrive);
/// None: it was not redriven, or its header is damaged.
std::optional<Redrive> read_redrive(Headers const& headers);
/// The key of the event: that of the record, or of a mark the one in its header.
std::optional<std::string> redriven_key(std::optional<Redrive> const& redrive,
                                        std::optional<std::string_view> record_key);

inline constexpr std::string_view redrive_header = "klamm_redrive";  ///< "orders-dlt/0@17"
/// How often an event was redriven, by whomever: also in those that go to other topics, or to
/// programs that know nothing of Klamm and carry it along.
inline constexpr std::string_view redrives_header = "klamm_redrives";

/// "orders/3@1042", as to_string(Position) writes it.
std::optional<Position> parse_position(std::string_view text);

}  // namespace klamm::handler
