#include "klamm/handler/engine/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::handler {
namespace {

using Kind = Problem::Kind;

/// "850 ms", "12 s", "7 min", "30 h"
std::string spoken(Duration time) {
    auto const ms = time.count();
    if (ms < 2'000) return fmt::format("{} ms", ms);
    if (ms < 120'000) return fmt::format("{} s", ms / 1'000);
    if (ms < 7'200'000) return fmt::format("{} min", ms / 60'000);
    return fmt::format("{} h", ms / 3'600'000);
}

std::string counted(std::int64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// Events that were fetched and are not finished, by handler.
std::map<std::string, std::int64_t> unfinished(Partitions const& partitions) {
    std::map<std::string, std::int64_t> counts;
    for (auto const& [id, partition] : partitions)
        for (auto const& [name, lane] : partition->lanes)
            for (auto const& event : lane.events)
                if (event->handler != nullptr) ++counts[event->handler->name];
    return counts;
}

/// Whose handlers are at work, in the order of their positions.
std::vector<Event const*> running(Partitions const& partitions) {
    std::vector<Event const*> events;
    for (auto const& [id, partition] : partitions) {
        auto const before = std::ssize(events);
        for (auto const& [name, lane] : partition->lanes)
            if (!lane.events.empty() && lane.events.front()->running_since)
                events.push_back(lane.events.front().get());
        std::sort(events.begin() + before, events.end(),
                  [](auto const* a, auto const* b) { return a->offset() < b->offset(); });
    }
    return events;
}

std::shared_ptr<Event> oldest(Partition const& partition) {
    std::shared_ptr<Event> found;
    for (auto const& [name, lane] : partition.lanes)
        for (auto const& event : lane.events)
            if (!found || event->offset() < found->offset()) found = event;
    return found;
}

}  // namespace

void Watch::begin(Core const& core, std::function<Standing()> standing) {
    core_ = &core;
    standing_ = std::move(standing);
    core_->parts.loop.after(look_every, alive_.guard([this] { look(); }));
}

void Watch::run_begins(std::string const& handler, Position const& position, std::int32_t attempt) {
    if (core_ != nullptr && !busy_.contains(handler)) busy_.emplace(handler, Busy{now(), {}});
    to_.run_begins(handler, position, attempt);
}

void Watch::run_ended(std::string const& handler, Position const& position,
                      Outcome const& outcome) {
    if (auto const found = busy_.find(handler); found != busy_.end()) {
        if (outcome.kind == Outcome::Kind::retry)
            found->second.trouble = fmt::format("; {} failed with {}: {}", to_string(position),
                                                outcome.error_type, outcome.why);
        else
            found->second = {core_->moment.instant, {}};
    }
    to_.run_ended(handler, position, outcome);
}

void Watch::look() {
    auto const standing = standing_();
    if (standing.partitions != nullptr) {
        auto const counts = unfinished(*standing.partitions);
        std::erase_if(busy_, [&](auto const& entry) { return !counts.contains(entry.first); });
        for (auto const& [handler, count] : counts) busy_.try_emplace(handler, Busy{now(), {}});
        ask_ends(*standing.partitions);
    } else {
        busy_.clear();
        ends_.clear();
    }
    core_->parts.loop.after(look_every, alive_.guard([this] { look(); }));
}

void Watch::ask_ends(Partitions const& partitions) {
    if (ends_asked_ && now() < *ends_asked_ + ask_ends_every) return;
    ends_asked_ = now();
    for (auto const& [id, partition] : partitions) {
        // Only what lags is asked for.
        if (partition->lanes.empty()) {
            ends_.erase(id);
            continue;
        }
        core_->parts.bus.offset_at(id, bus::latest, alive_.guard([this, id = id](auto end) {
            if (end) ends_.insert_or_assign(id, End{*end, now()});
        }));
    }
}

Health Watch::health() const {
    Health health;
    if (core_ == nullptr) {
        health.problems.push_back({.kind = Kind::not_started, .why = "it was not started"});
        return health;
    }
    auto const standing = standing_();
    using Phase = Standing::Phase;
    auto const add = [&](Kind kind, std::string why) {
        health.problems.push_back({.kind = kind, .why = std::move(why)});
    };
    if (standing.phase == Phase::stopped) {
        add(Kind::stopped, standing.why.empty() ? "it has been stopped" : standing.why);
        return health;
    }
    if (!standing.away.empty())
        add(Kind::engine_away, fmt::format("the log does not answer: {}", standing.away));
    if (standing.fenced)
        add(Kind::fenced,
            fmt::format("another instance has taken over, and this one has not come back: {}",
                        standing.why));
    else if (!standing.ready && standing.away.empty())
        add(Kind::not_started,
            standing.why.empty()
                ? fmt::format("it has no partitions of group {} yet", core_->app.name())
                : standing.why);
    if (standing.partitions == nullptr) return health;
    add_slow(health, *standing.partitions);
    add_stalled(health, *standing.partitions);
    for (auto const& [id, partition] : *standing.partitions) {
        add_restoring(health, *partition);
        add_poisoned(health, *partition);
        add_lagging(health, *partition);
    }
    return health;
}

void Watch::add_restoring(Health& health, Partition const& partition) const {
    if (partition.phase != Partition::Phase::restoring) return;
    auto const time = now() - partition.since;
    if (time <= restored_after) return;
    auto const& id = partition.id();
    health.problems.push_back(
        {.kind = Kind::not_started,
         .topic = id.topic,
         .partition = id.partition,
         .why = fmt::format("{}/{} is ours since {}, and {} is not read yet to the version {} that "
                            "belongs to the committed offset: an open transaction hides it, or it "
                            "has been deleted",
                            id.topic, id.partition, spoken(time), partition.route().ledger,
                            partition.checkpoint.ledger_version)});
}

void Watch::add_slow(Health& health, Partitions const& partitions) const {
    for (auto const* const event : running(partitions)) {
        auto const& handler = *event->handler;
        auto const limit = handler.options().slow_after;
        auto const time = now() - *event->running_since;
        if (time <= limit) continue;
        auto const& position = event->message().position;
        health.problems.push_back(
            {.kind = Kind::slow,
             .handler = handler.name,
             .topic = position.topic,
             .partition = position.partition,
             .why = fmt::format("{} has been at {} for {}, more than its slow_after of {} (try {})",
                                handler.name, to_string(position), spoken(time), spoken(limit),
                                event->attempts)});
    }
}

void Watch::add_stalled(Health& health, Partitions const& partitions) const {
    auto const limit = core_->app.options().stalled_after;
    auto const events = running(partitions);
    for (auto const& [handler, count] : unfinished(partitions)) {
        auto const busy = busy_.find(handler);
        if (busy == busy_.end() || now() - busy->second.since <= limit) continue;
        auto const at_work = std::ranges::count_if(
            events, [&](auto const* event) { return event->handler->name == handler; });
        health.problems.push_back(
            {.kind = Kind::stalled,
             .handler = handler,
             .why = fmt::format("{} has {} and has finished none for {}; {} now{}", handler,
                                counted(count, "event"), spoken(now() - busy->second.since),
                                at_work == 0 ? std::string("none of them runs")
                                             : fmt::format("{} of them run", at_work),
                                busy->second.trouble)});
    }
}

void Watch::add_poisoned(Health& health, Partition const& partition) const {
    std::int64_t keys = 0;
    std::int64_t waiting = 0;
    bool whole = false;
    for (auto const& [key, parked] : partition.parking.all()) {
        if (key)
            ++keys;
        else
            whole = true;
        waiting += parked.waiting;
    }
    if (keys == 0 && !whole) return;
    std::set<std::string> topics;
    for (auto const& handler : partition.route().handlers) topics.insert(handler.dead_letters);
    auto const& where = topics.empty() ? partition.route().dead_letters : *topics.begin();
    auto const& id = partition.id();
    health.problems.push_back(
        {.kind = Kind::poisoned,
         .topic = id.topic,
         .partition = id.partition,
         .why = fmt::format(
             "{}/{}: {} parked behind a dead letter, {} in {}: see `klamm dlq list "
             "{}`, then redrive or discard",
             id.topic, id.partition,
             whole ? std::string("the whole partition is")
                   : fmt::format("{} {}", counted(keys, "key"), keys == 1 ? "is" : "are"),
             waiting == 1 ? std::string("1 event waits") : fmt::format("{} events wait", waiting),
             where, where)});
}

void Watch::add_lagging(Health& health, Partition const& partition) const {
    auto const event = oldest(partition);
    if (!event) return;
    auto const age =
        std::chrono::duration_cast<Duration>(core_->time() - event->message().timestamp);
    if (age <= core_->app.options().lag_max) return;
    auto const& id = partition.id();
    auto const end = ends_.find(id);
    auto const behind =
        std::max(end == ends_.end() ? 0 : end->second.offset, partition.next) - event->offset();
    health.problems.push_back(
        {.kind = Kind::lagging,
         .handler = event->handler == nullptr ? "" : event->handler->name,
         .topic = id.topic,
         .partition = id.partition,
         .why = fmt::format("the oldest unhandled event, {}, is {} old, more than lag_max of {}; "
                            "the log goes on for {} behind it",
                            to_string(event->message().position), spoken(age),
                            spoken(core_->app.options().lag_max),
                            counted(std::max<std::int64_t>(behind, 1) - 1, "offset"))});
}

std::string Watch::what_keeps(Partition const& partition, std::int64_t offset) {
    if (offset >= partition.next)
        return fmt::format("it is not fetched yet: the next to be fetched is {}, {} are at work",
                           partition.next, counted(std::ssize(partition.window), "event"));
    for (auto const& [name, lane] : partition.lanes)
        for (std::size_t before = 0; before < lane.events.size(); ++before) {
            auto const& event = *lane.events[before];
            if (event.offset() != offset) continue;
            if (before > 0)
                return fmt::format("{} of its key come before it",
                                   counted(static_cast<std::int64_t>(before), "event"));
            if (event.attempts == 0) return "its handler has not begun yet";
            return fmt::format("its handler is at try {}, or waits for the next one",
                               event.attempts);
        }
    return "its result waits for a transaction";
}

}  // namespace klamm::handler
