#include "klamm/handler/engine/delivery.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::handler {

namespace {

/// Of one partition: values and keys of events that were fetched and are not finished.
constexpr std::size_t fetched_bytes_max = 32 * 1024 * 1024;
/// Runs that take longer are not handed over ahead: each waits here until one can begin.
constexpr Duration short_run{20};
/// Before a value is decoded again, after the registry did not answer.
constexpr Duration registry_pause{1'000};
/// Between lines in the log about it.
constexpr Duration registry_log_pause{10'000};

}  // namespace

void Delivery::accept(Partition& partition, bus::Record record) {
    if (!partition.fetched(record.offset)) return;
    auto event = std::make_shared<Event>(std::move(record), partition.route());
    partition.bytes += event->bytes();
    auto& lane = partition.lane_of(*event);
    lane.events.push_back(std::move(event));
    if (!lane.busy && partition.phase == Partition::Phase::working) advance(partition, lane);
}

void Delivery::advance(Partition& partition, Lane& lane) {
    while (!lane.events.empty()) {
        auto result = decide(partition, *lane.events.front());
        if (!result) return ready(partition, lane);
        finish(partition, lane, std::move(*result));
    }
    partition.close(lane);
}

void Delivery::ready(Partition& partition, Lane& lane) {
    lane.busy = true;
    partition.ready.push_back(&lane);
    ++ready_;
}

Delivery::Held Delivery::next_partition() {
    auto const first = partitions_.upper_bound(last_);
    for (auto at = first; at != partitions_.end(); ++at)
        if (!at->second->ready.empty()) return at->second;
    for (auto at = partitions_.begin(); at != first; ++at)
        if (!at->second->ready.empty()) return at->second;
    return nullptr;
}

std::int32_t Delivery::most() const {
    return std::max(core_.app.options().concurrency, 1) * ahead_;
}

void Delivery::dispatch() {
    if (dispatching_) return;
    core_.moment = core_.parts.loop.now();
    dispatch_now();
}

void Delivery::dispatch_now() {
    if (dispatching_) return;
    dispatching_ = true;
    while (ready_ > 0 && running_ < most()) {
        auto const partition = next_partition();
        ensure(partition != nullptr);
        last_ = partition->id();
        auto& lane = *partition->ready.front();
        partition->ready.pop_front();
        --ready_;
        if (!partition->parking.whole_partition()) {
            start(partition, lane);
        } else {  // perhaps since it became ready
            lane.busy = false;
            if (auto result = decide(*partition, *lane.events.front())) {
                finish(*partition, lane, std::move(*result));
                advance(*partition, lane);
            } else {
                lane.busy = true;
                start(partition, lane);
            }
        }
    }
    dispatching_ = false;
}

void Delivery::start(Held const& partition, Lane& lane) {
    ++running_;
    ++partition->running;
    auto const& event = lane.events.front();
    if (event->decoded) return run(partition, lane);
    auto& codecs = core_.parts.codecs;
    if (auto decoded = codecs.decode_now(event->handler->type(), event->message()))
        return this->decoded(partition, lane, *std::move(decoded));
    codecs.decode(event->handler->type(), event->message(),
                  alive_.guard([this, event, weak = std::weak_ptr(partition),
                                &lane](bus::Result<Codecs::Decoded> found) {
                      auto const held = weak.lock();
                      if (!held) return;
                      core_.moment = core_.parts.loop.now();
                      this->decoded(held, lane, std::move(found));
                  }));
}

void Delivery::decoded(Held const& partition, Lane& lane, bus::Result<Codecs::Decoded> found) {
    auto const event = lane.events.front();
    if (found && *found) {
        event->decoded = std::move(**found);
        return run(partition, lane);
    }
    release(*partition);
    if (!found) {
        registry_is_away(*event, found.error());
        again(partition, lane, registry_pause);
    } else {
        auto const why = klamm::dead_letter(found->error().why, "undecodable");
        finish(*partition, lane, failed(*partition, *event, why, event->handler->options().park));
        lane.busy = false;
        if (partition->phase == Partition::Phase::working) advance(*partition, lane);
    }
    dispatch();
    settled_();
}

void Delivery::registry_is_away(Event const& event, bus::Error const& error) {
    auto const now = core_.parts.loop.now().instant;
    if (registry_logged_ && now < *registry_logged_ + registry_log_pause) return;
    registry_logged_ = now;
    core_.parts.observer.log(fmt::format("{} cannot be decoded now, and is tried again: {}",
                                         to_string(event.message().position), error.why));
}

/// A run on its way through a worker and back. It may come back when nobody waits for it any more.
struct Delivery::Task {
    Delivery* delivery;
    std::weak_ptr<char> alive;  ///< of the delivery
    std::weak_ptr<Partition> partition;
    Lane& lane;
    std::shared_ptr<std::int32_t> at_work;
    Instant began;
    Run run;
};

void Delivery::run(Held const& partition, Lane& lane) {
    auto const& event = lane.events.front();
    event->attempts = ++attempts_of(*partition, *event);
    Run::State state;
    if (event->key)
        for (auto const& type : partition->state_types)
            if (auto const found =
                    partition->ledger.find(Ledger::state_key(type, *event->message().key)))
                state.emplace(type, *found);
    event->running_since = core_.moment.instant;
    core_.parts.observer.run_begins(event->handler->name, event->message().position,
                                    event->attempts);
    ++*partition->at_work;
    std::shared_ptr<Task> task(new Task{this, alive_.token(), partition, lane, partition->at_work,
                                        core_.moment.instant, Run(core_, event, std::move(state))});
    core_.parts.workers.run([task] { task->run.call(); },
                            [task] {
                                --*task->at_work;
                                if (!task->alive.expired()) settle(task);
                            });
}

/// What it has sent must have somewhere to go before it counts.
void Delivery::settle(std::shared_ptr<Task> task) {
    auto& delivery = *task->delivery;
    std::shared_ptr<Run> const run(task, &task->run);
    delivery.destinations_.settle(run, [task = std::move(task)] {
        if (!task->alive.expired()) task->delivery->ended(*task);
    });
}

void Delivery::release(Partition& partition) {
    --running_;
    --partition.running;
}

void Delivery::ended(Task& task) {
    auto const partition = task.partition.lock();
    if (!partition) return;
    release(*partition);
    core_.moment = core_.parts.loop.now();
    bool const is_short = core_.moment.instant - task.began < short_run;
    ahead_ = is_short ? std::min(ahead_ + 1, std::max(core_.parts.workers.ahead(), 1)) : 1;
    judge(partition, task.lane, task.run);
    dispatch_now();
    settled_();
}

void Delivery::judge(Held const& partition, Lane& lane, Run& run) {
    auto& event = run.event();
    auto const& outcome = run.outcome;
    event.running_since.reset();
    core_.parts.observer.run_ended(event.handler->name, event.message().position, outcome);
    auto const& options = event.handler->options();
    bool const tried_enough = event.attempts >= std::max(options.retry.attempts, 1);
    switch (outcome.kind) {
        case Outcome::Kind::done:
            finish(*partition, lane, done(*partition, run));
            break;
        case Outcome::Kind::skip:
            finish(*partition, lane, over(*partition, event, Result::Kind::skipped, "skipped"));
            break;
        case Outcome::Kind::retry:
            if (!tried_enough) {
                ++core_.counts.retries;
                return again(partition, lane, pause_before_next(event, outcome));
            }
            [[fallthrough]];
        case Outcome::Kind::dead_letter:
            finish(*partition, lane, failed(*partition, event, outcome, options.park));
    }
    lane.busy = false;
    if (partition->phase == Partition::Phase::working) advance(*partition, lane);
}

void Delivery::again(Held const& partition, Lane& lane, Duration delay) {
    core_.parts.loop.after(delay, alive_.guard([this, weak = std::weak_ptr(partition), &lane] {
        auto const held = weak.lock();
        if (!held || held->phase != Partition::Phase::working) return;
        ready(*held, lane);
        dispatch();
    }));
}

void Delivery::finish(Partition& partition, Lane& lane, Result result) {
    auto const& event = *lane.events.front();
    partition.bytes -= event.bytes();
    result.offset = event.offset();
    result.redriven = event.redrive && result.kind != Result::Kind::passed_over;
    result.lane = *lane.name;
    lane.events.pop_front();
    commits_.add(partition, std::move(result));
}

void Delivery::regulate(Partition& partition) {
    if (partition.phase != Partition::Phase::working) return;
    auto const most = static_cast<std::size_t>(std::max(core_.app.options().in_flight_max, 1));
    if (partition.flowing) {
        if (partition.window.size() < most && partition.bytes < fetched_bytes_max) return;
        partition.flowing = false;
        consumer_->pause(partition.id());
    } else {
        if (partition.window.size() > most / 2 || partition.bytes > fetched_bytes_max / 2) return;
        partition.flowing = true;
        consumer_->resume(partition.id(), partition.next);
    }
}

void Delivery::quiet(Partition& partition) {
    if (partition.flowing) consumer_->pause(partition.id());
    partition.flowing = false;
    partition.phase = Partition::Phase::leaving;
    ready_ -= partition.ready.size();
    partition.ready.clear();
}

void Delivery::dropped(Partition& partition) {
    ready_ -= partition.ready.size();
    partition.ready.clear();
    if (partition.running == 0) return;
    running_ -= partition.running;
    partition.running = 0;
    // Others may have waited for them; not now, for these may be dropped next.
    core_.parts.loop.post(alive_.guard([this] { dispatch(); }));
}

}  // namespace klamm::handler
