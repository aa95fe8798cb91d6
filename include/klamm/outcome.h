// klamm/outcome.h - what a handler says about an event, and what is done when it fails.
//
//     done ─────────────▶ what was sent and the offset are committed together
//     retry_after ──────▶ nothing that was sent counts; once more, a bounded number of times
//     dead_letter ──────▶ nothing that was sent counts; the event goes to the dead letter topic
//     skip ─────────────▶ nothing that was sent counts; the event is passed over, with the reason
//
// Whatever the outcome, the event is over in one transaction: offset, sends, state, dead letter.
#pragma once

#include "klamm/message.h"

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace klamm {

struct Outcome {
    enum class Kind : std::uint8_t { done, retry, dead_letter, skip };
    Kind kind = Kind::done;
    std::string why;         ///< for people: a sentence
    std::string error_type;  ///< what failures are grouped by: "CardRefused", "std::bad_alloc"
    /// Of retry: how long to wait; none: as the handler's Retry says.
    std::optional<milliseconds> delay;
    bool operator==(Outcome const&) const = default;
};

inline Outcome done() { return {}; }
inline Outcome skip(std::string why) { return {Outcome::Kind::skip, std::move(why), {}, {}}; }
inline Outcome retry(std::string why, std::string error_type = "retry") {
    return {Outcome::Kind::retry, std::move(why), std::move(error_type), {}};
}
inline Outcome retry_after(milliseconds delay, std::string why, std::string error_type = "retry") {
    return {Outcome::Kind::retry, std::move(why), std::move(error_type), delay};
}
inline Outcome dead_letter(std::string why, std::string error_type = "dead_letter") {
    return {Outcome::Kind::dead_letter, std::move(why), std::move(error_type), {}};
}

/// How often a failing event is tried, and how long between. The wait before try n+1 is
/// first × factor^(n-1), at most `longest`, less up to `jitter` of it. While an event waits, the
/// events of its key wait behind it, and all other keys go on.
struct Retry {
    std::int32_t attempts = 5;  ///< all tries together, at least 1; then it is a dead letter
    milliseconds first{200};
    double factor = 2;
    milliseconds longest{30'000};
    double jitter = 0.2;  ///< 0 to 1
    bool operator==(Retry const&) const = default;
};
inline constexpr Retry no_retry{.attempts = 1};

/// What waits behind a dead letter, in the dead letter topic, until it has been redriven or
/// discarded. Order is kept: nothing overtakes.
enum class Park : std::uint8_t {
    key,        ///< later events of the same key
    partition,  ///< later events of the same partition
    none,       ///< nothing: later events are handled as if the dead letter had never been
};

/// What events wait for each other.
enum class Order : std::uint8_t {
    key,        ///< those of one key; events without a key do not wait at all
    partition,  ///< those of one partition
};

/// What an exception means. The first that fits is taken; one that none fits is retried as
/// `Retry` says, under the name of its type.
struct OnException {
    std::function<std::optional<Outcome>(std::exception_ptr const&)> outcome;  ///< none: not mine
};
/// `on_exception<CardRefused>([](CardRefused const& e) { return dead_letter(e.what()); })`
template <class E, class F>
OnException on_exception(F to_outcome) {
    return {[to_outcome](std::exception_ptr const& thrown) -> std::optional<Outcome> {
        try {
            std::rethrow_exception(thrown);
        } catch (E const& error) {
            return to_outcome(error);
        } catch (...) {
            return std::nullopt;
        }
    }};
}

/// Which names dead letters get beside Klamm's own (doc/dead-letters.md).
enum class DeadLetterDialect : std::uint8_t {
    klamm,        ///< none
    spring,       ///< kafka_dlt-…, as Spring Kafka's DeadLetterPublishingRecoverer
    share_group,  ///< __dlq.errors.…, as KIP-1191
};

struct HandlerOptions {
    std::string name;  ///< unique in its App; empty: the type of its events
    Retry retry;
    Park park = Park::key;
    Order order = Order::key;
    std::vector<OnException> exceptions;
    std::string dead_letter_topic;  ///< empty: the topic's name and "-dlt"
    DeadLetterDialect dead_letter_dialect = DeadLetterDialect::klamm;
    /// A run of the handler that takes longer turns the health red. It is not interrupted, and it
    /// does not lose its partitions.
    milliseconds slow_after{60'000};
};

}  // namespace klamm
