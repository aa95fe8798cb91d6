// handler/engine/outcomes.cc - what an outcome means for the log: the part of Delivery that makes
// results.
#include "klamm/handler/engine/delivery.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::handler {

bool Delivery::duplicate(Partition const& partition, Event const& event) const {
    auto const remember = core_.app.options().deduplicate_last;
    if (remember <= 0 || event.done_key.empty() || core_.mutated(Mutation::no_deduplication))
        return false;
    auto const done = partition.ledger.done_at(event.done_key);
    return done && *done != event.offset() && event.offset() - *done <= remember;
}

std::optional<Result> Delivery::decide(Partition& partition, Event& event) {
    if (event.redrive) {
        if (event.redrive->group != core_.app.name())
            return Result{.kind = Result::Kind::passed_over, .outcome = "passed over"};
        if (event.redrive->discard)
            return over(partition, event, Result::Kind::discarded, "discarded");
    }
    if (duplicate(partition, event))
        return over(partition, event, Result::Kind::duplicate, "skipped-duplicate");
    bool const letter = event.handler == nullptr && event.value &&
                        core_.app.options().unknown_types == UnknownTypes::dead_letter;
    if (event.handler == nullptr && !letter)
        return over(partition, event, Result::Kind::unknown, "unknown");
    // The mutant handles later events of a parked key.
    if (event.redrive || !core_.mutated(Mutation::parked_key_overtaken))
        if (auto const behind = partition.parking.waits_behind(event))
            return parked(partition, event, *behind);
    if (!core_.refused.empty() && event.handler != nullptr)
        if (auto const found = core_.refused.find(event.message().position);
            found != core_.refused.end())
            return failed(
                partition, event,
                klamm::dead_letter("its effects were refused: " + found->second, "refused"),
                event.handler->options().park);
    if (!letter) return std::nullopt;
    auto const why =
        fmt::format("{} has no handler for events of type \"{}\" in {}", core_.app.name(),
                    event.message().event.type, partition.id().topic);
    return failed(partition, event, klamm::dead_letter(why, "unknown_type"), Park::none);
}

Result Delivery::over(Partition& partition, Event& event, Result::Kind kind, std::string outcome) {
    Result result{.kind = kind, .outcome = std::move(outcome)};
    partition.parking.over(event, result.changes);
    partition.apply(result.changes);
    return result;
}

Result Delivery::done(Partition& partition, Run& run) {
    auto& event = run.event();
    // One that came twice under different keys may have been handled twice at once. One counts.
    if (duplicate(partition, event))
        return over(partition, event, Result::Kind::duplicate, "skipped-duplicate");
    Result result{.kind = Result::Kind::done, .outcome = "done"};
    auto const& position = event.message().position;
    for (auto& [type, value] : run.state_changes)
        result.changes.emplace_back(Ledger::state_key(type, *event.message().key),
                                    std::move(value));
    partition.parking.over(event, result.changes);
    result.sent = static_cast<std::uint32_t>(run.sends.size());
    result.records.reserve(run.sends.size());
    for (auto& send : run.sends) {
        core_.parts.observer.sends(position, send.record.topic, send.id(), send.delay);
        if (auto const& replaying = core_.options.replaying; replaying && replaying->on_send)
            replaying->on_send(event.message(), *send.type, send.record);
        if (send.delay > Duration::zero() && !core_.options.replaying)
            delays_.keep(partition, std::move(send), result);
        else
            result.records.push_back(std::move(send.record));
    }
    partition.apply(result.changes);
    if (!event.done_key.empty() && core_.app.options().deduplicate_last > 0)
        if (auto change = partition.ledger.remember_done(event.done_key, event.offset()))
            result.changes.push_back(std::move(*change));
    if (core_.mutated(Mutation::shared_retry_counter)) attempts_of(partition, event) = 0;
    return result;
}

Result Delivery::failed(Partition& partition, Event& event, Outcome const& outcome, Park park) {
    Result result{.kind = Result::Kind::dead_letter,
                  .outcome = fmt::format("dead_letter: {}", outcome.error_type)};
    partition.parking.failed(event, park, result.changes);
    partition.apply(result.changes);
    auto letter = dead_letter(partition, event, outcome, park, false);
    if (core_.mutated(Mutation::dead_letter_outside)) {
        std::vector<bus::Outgoing> alone;
        alone.push_back(std::move(letter));
        core_.parts.bus.send(std::move(alone), [](auto const&) {});
    } else {
        result.records.push_back(std::move(letter));
    }
    if (core_.mutated(Mutation::shared_retry_counter)) attempts_of(partition, event) = 0;
    return result;
}

Result Delivery::parked(Partition& partition, Event& event, Behind behind) {
    Result result{.kind = Result::Kind::parked, .outcome = "parked"};
    partition.parking.joined(event, result.changes);
    partition.apply(result.changes);
    auto const first = Position{partition.id().topic, partition.id().partition, behind.place};
    auto const why = klamm::dead_letter(
        fmt::format("waits behind {}, which failed", to_string(first)), "parked");
    result.records.push_back(dead_letter(partition, event, why, behind.park, true));
    return result;
}

bus::Outgoing Delivery::dead_letter(Partition const& partition, Event const& event,
                                    Outcome const& outcome, Park park, bool parked) const {
    auto const& message = event.message();
    DeadLetter letter;
    letter.original = message.position;
    letter.original_timestamp = message.timestamp;
    letter.group = core_.app.name();
    if (event.handler != nullptr) letter.handler = event.handler->name;
    letter.reason = outcome.why;
    letter.error_type = outcome.error_type;
    letter.attempts = event.attempts;
    letter.failed_at = core_.time();
    letter.parked = parked;
    // Without a key there is nothing that could wait.
    letter.park = park == Park::key && !event.key ? Park::none : park;
    bus::Outgoing record{.topic = event.handler != nullptr ? event.handler->dead_letters
                                                           : partition.route().dead_letters};
    auto const count = core_.partitions.find(record.topic);
    auto const partitions = count != core_.partitions.end() ? count->second : 0;
    if (partitions > 0) record.partition = message.position.partition % partitions;
    auto const text = [](Slice const& slice) {
        return std::string(reinterpret_cast<char const*>(slice.data()), slice.size());
    };
    if (event.key) record.key = text(*event.key);
    if (event.value) record.value = text(*event.value);
    record.headers =
        write_dead_letter(message.headers, letter,
                          event.handler != nullptr ? event.handler->options().dead_letter_dialect
                                                   : DeadLetterDialect::klamm);
    return record;
}

Duration Delivery::pause_before_next(Event const& event, Outcome const& outcome) {
    if (outcome.delay) return std::max(*outcome.delay, Duration::zero());
    auto const& retry = event.handler->options().retry;
    auto const longest = static_cast<double>(retry.longest.count());
    auto pause = static_cast<double>(retry.first.count());
    for (std::int32_t n = 1; n < event.attempts && pause < longest; ++n) pause *= retry.factor;
    constexpr std::uint64_t steps = 1'000'000;
    auto const part = static_cast<double>(core_.random.below(steps)) / static_cast<double>(steps);
    pause = std::min(pause, longest) * (1 - std::clamp(retry.jitter, 0.0, 1.0) * part);
    return Duration{static_cast<std::int64_t>(std::max(pause, 0.0))};
}

std::int32_t& Delivery::attempts_of(Partition const& partition, Event& event) {
    // The mutant counts for all events of a partition together.
    if (core_.mutated(Mutation::shared_retry_counter)) return shared_attempts_[partition.id()];
    return event.attempts;
}

}  // namespace klamm::handler
