#include "klamm/handler/engine/membership.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::handler {

namespace {

constexpr std::int32_t ledger_read_bytes = 4 * 1024 * 1024;
/// No transaction stays open longer: Kafka's transaction.max.timeout.ms, if it was not raised.
constexpr Duration ledger_patience{900'000};
/// Before a step of a restore is done again.
constexpr Duration restore_pause{100};
/// What a revoked partition's handlers have to finish, as a part of the rebalance time-out.
constexpr Duration revoke_patience{30'000};
constexpr Duration rebalance_timeout{60'000};

std::string_view text(Slice const& slice) {
    return {reinterpret_cast<char const*>(slice.data()), slice.size()};
}

std::string name(bus::TopicPartition const& id) {
    return fmt::format("{}/{}", id.topic, id.partition);
}

}  // namespace

Membership::Membership(Core& core, Hooks hooks)
    : core_(core),
      hooks_(std::move(hooks)),
      commits_(core, partitions_,
               {.committed =
                    [this](Partition& partition) {
                        delivery_.regulate(partition);
                        hooks_.committed(partition);
                        look_after_drains();
                    },
                .broken = [this](bus::Error const& error) { hooks_.broken(error); }}),
      delays_(core, partitions_, commits_),
      delivery_(core, partitions_, commits_, delays_, [this] { look_after_drains(); }) {}

Membership::~Membership() {
    for (auto const& [id, partition] : partitions_) core_.parts.observer.released(id);
}

void Membership::join() {
    auto const id = fmt::format("{}-{}", core_.app.name(), core_.options.instance);
    producer_ =
        core_.parts.bus.make_producer({.transactional_id = id,
                                       .client_id = id,
                                       .transaction_timeout = core_.options.transaction_timeout});
    producer_->initialize(alive_.guard([this, id](bus::Result<void> done) {
        if (!done) return hooks_.joined(std::move(done));
        auto const& options = core_.options;
        consumer_ = core_.parts.bus.make_consumer(
            {.group = core_.app.name(),
             .topics = core_.routes.topics(),
             .client_id = id,
             .instance = options.member_is_named ? options.instance : "",
             .session_timeout = options.session_timeout,
             .rebalance_timeout = rebalance_timeout},
            *this);
        commits_.begin(*producer_, *consumer_);
        delivery_.begin(*consumer_);
        hooks_.joined({});
    }));
}

void Membership::assigned(std::map<bus::TopicPartition, bus::Committed> const& partitions) {
    ++core_.counts.rebalances;
    for (auto const& [id, committed] : partitions) {
        auto const* const route = core_.routes.find(id.topic);
        if (route == nullptr) continue;
        drop(id);
        auto const partition = std::make_shared<Partition>(id, *route);
        partitions_[id] = partition;
        auto& at_work = core_.at_work[id];
        if (!at_work) at_work = std::make_shared<std::int32_t>(0);
        partition->at_work = at_work;
        partition->since = core_.parts.loop.now().instant;
        core_.parts.observer.assigned(id);
        find_start(partition, committed);
    }
    hooks_.assigned();
}

void Membership::later(std::shared_ptr<Partition> const& partition, Duration delay,
                       std::move_only_function<void(std::shared_ptr<Partition> const&)> step) {
    core_.parts.loop.after(
        delay, alive_.guard([weak = std::weak_ptr(partition), step = std::move(step)]() mutable {
            if (auto const held = weak.lock()) step(held);
        }));
}

void Membership::find_start(std::shared_ptr<Partition> const& partition,
                            bus::Committed const& committed) {
    if (committed.offset >= 0) {
        partition->never_committed = false;
        auto checkpoint = Checkpoint::read(committed);
        if (!checkpoint) {
            core_.parts.observer.log(
                fmt::format("{} goes on at the committed offset; what was finished beyond it is "
                            "handled again, if its id is not known: {}",
                            name(partition->id()), checkpoint.error()));
            checkpoint = Checkpoint{Progress{committed.offset}, 0};
        }
        partition->checkpoint = std::move(*checkpoint);
        return read_ledger(partition, bus::earliest);
    }
    core_.parts.bus.offset_at(
        partition->id(), bus::earliest,
        alive_.guard(
            [this, weak = std::weak_ptr(partition), committed](bus::Result<std::int64_t> offset) {
                auto const held = weak.lock();
                if (!held) return;
                if (!offset)
                    return later(held, restore_pause, [this, committed](auto const& again) {
                        find_start(again, committed);
                    });
                held->checkpoint.progress = Progress{*offset};
                read_ledger(held, bus::earliest);
            }));
}

void Membership::read_ledger(std::shared_ptr<Partition> const& partition, std::int64_t offset) {
    bus::TopicPartition const ledger{partition->route().ledger, partition->id().partition};
    auto const again = [this](std::shared_ptr<Partition> const& held, std::int64_t from) {
        later(held, restore_pause, [this, from](auto const& it) { read_ledger(it, from); });
    };
    auto const read = [this, again, offset,
                       weak = std::weak_ptr(partition)](bus::Result<bus::ReadResult> result) {
        auto const held = weak.lock();
        if (!held) return;
        if (!result) return again(held, offset);
        ledger_read(held, *result);
        if (result->next < result->end) return read_ledger(held, result->next);
        if (hidden(*held)) return again(held, result->next);
        restored(held);
    };
    if (offset >= 0)
        return core_.parts.bus.read(ledger, offset, ledger_read_bytes, alive_.guard(read));
    core_.parts.bus.offset_at(ledger, offset,
                              alive_.guard([this, again, offset, weak = std::weak_ptr(partition)](
                                               bus::Result<std::int64_t> first) {
                                  auto const held = weak.lock();
                                  if (!held) return;
                                  if (!first) return again(held, offset);
                                  read_ledger(held, *first);
                              }));
}

/// Whether a transaction that somebody left open hides what was committed behind it; it ends by its
/// time-out. Else the checkpoint is what it has to be.
bool Membership::hidden(Partition& partition) {
    auto& checkpoint = partition.checkpoint;
    auto const entry = partition.ledger.find(ledger_checkpoint_key);
    auto const kept = entry ? Checkpoint::read_entry(*entry) : std::nullopt;
    if (kept && partition.never_committed) {
        core_.parts.observer.log(fmt::format(
            "{}: the group's offset is gone, as after offsets.retention.minutes without a member: "
            "{} goes on at {}, which its ledger has kept",
            name(partition.id()), core_.app.name(), kept->progress.offset()));
        checkpoint = *kept;
    }
    auto const version = kept ? kept->ledger_version : 0;
    if (version < checkpoint.ledger_version) {
        if (core_.parts.loop.now().instant < partition.since + ledger_patience) return true;
        core_.parts.observer.log(fmt::format(
            "{} is at version {}, and {} was committed with the offset: it has been deleted or "
            "emptied. What it knew of {} is lost; the work goes on without",
            partition.route().ledger, version, checkpoint.ledger_version, name(partition.id())));
        return false;
    }
    checkpoint.ledger_version = version;
    return false;
}

void Membership::ledger_read(std::shared_ptr<Partition> const& partition,
                             bus::ReadResult const& read) {
    for (auto const& record : read.records) {
        if (!record.key) continue;
        std::optional<std::string> value;
        if (record.value) value = std::string(text(*record.value));
        partition->apply({{std::string(text(*record.key)), std::move(value)}});
    }
}

void Membership::restored(std::shared_ptr<Partition> const& partition) {
    if (*partition->at_work > 0)
        return later(partition, restore_pause, [this](auto const& held) { restored(held); });
    if (partition->phase != Partition::Phase::restoring) return;
    partition->phase = Partition::Phase::working;
    partition->parking.restore(partition->ledger);
    partition->next = partition->checkpoint.progress.offset();
    delays_.restored(*partition);
    delivery_.regulate(*partition);
}

void Membership::records(std::vector<bus::Record> records) {
    std::shared_ptr<Partition> partition;
    auto const settle = [&] {
        if (partition) delivery_.regulate(*partition);
    };
    for (auto& record : records) {
        if (!partition || partition->id() != record.partition) {
            settle();
            auto const found = partitions_.find(record.partition);
            partition = found == partitions_.end() ? nullptr : found->second;
        }
        if (!partition || partition->phase != Partition::Phase::working) continue;
        if (record.offset < partition->next) continue;  // of a fetch that was asked for before
        delivery_.accept(*partition, std::move(record));
    }
    settle();
    delivery_.dispatch();
}

void Membership::skipped(bus::TopicPartition const& id, std::int64_t from, std::int64_t to) {
    core_.parts.observer.log(fmt::format(
        "{}: the records from {} to {} are gone, retention has taken them: {} goes on behind them",
        name(id), from, to, core_.app.name()));
    auto const found = partitions_.find(id);
    if (found == partitions_.end()) return;
    auto& partition = *found->second;
    if (partition.phase != Partition::Phase::working || to <= partition.next) return;
    partition.pass(to);
}

void Membership::revoked(std::vector<bus::TopicPartition> const& ids,
                         std::move_only_function<void()> released) {
    ++core_.counts.rebalances;
    for (auto const& id : ids)
        if (auto const found = partitions_.find(id); found != partitions_.end())
            delivery_.quiet(*found->second);
    drain(ids, revoke_patience, [this, ids, released = std::move(released)](bool) mutable {
        for (auto const& id : ids) drop(id);
        released();
    });
}

void Membership::lost(std::vector<bus::TopicPartition> const& ids) {
    ++core_.counts.rebalances;
    for (auto const& id : ids) drop(id);
    look_after_drains();
    delivery_.dispatch();
}

void Membership::drop(bus::TopicPartition const& id) {
    auto const found = partitions_.find(id);
    if (found == partitions_.end()) return;
    auto const partition = found->second;
    delays_.dropped(*partition);
    delivery_.dropped(*partition);
    commits_.dropped(*partition);
    partitions_.erase(found);
    core_.parts.observer.released(id);
}

void Membership::drain(std::vector<bus::TopicPartition> const& ids, Duration patience,
                       std::move_only_function<void(bool all)> done) {
    auto const number = next_drain_++;
    auto& drain = drains_[number];
    drain.done = std::move(done);
    for (auto const& id : ids)
        if (auto const found = partitions_.find(id); found != partitions_.end())
            drain.partitions.push_back(found->second);
    core_.parts.loop.after(patience, alive_.guard([this, number] {
        auto ended = drains_.extract(number);
        if (!ended.empty()) ended.mapped().done(false);
    }));
    commits_.hurry();
    core_.parts.loop.post(alive_.guard([this] { look_after_drains(); }));
}

void Membership::look_after_drains() {
    auto const clean = [](std::weak_ptr<Partition> const& weak) {
        auto const partition = weak.lock();
        return !partition || partition->clean();
    };
    for (auto at = drains_.begin(); at != drains_.end();) {
        auto const here = at++;
        if (!std::ranges::all_of(here->second.partitions, clean)) continue;
        auto done = std::move(here->second.done);
        drains_.erase(here);
        done(true);
    }
    if (!drains_.empty()) commits_.hurry();
}

void Membership::leave(Duration patience, std::move_only_function<void(bool all)> done) {
    std::vector<bus::TopicPartition> ids;
    for (auto const& [id, partition] : partitions_) {
        ids.push_back(id);
        delivery_.quiet(*partition);
    }
    drain(ids, patience, [this, ids, patience, done = std::move(done)](bool all) mutable {
        for (auto const& id : ids) drop(id);
        if (!consumer_) return done(all);
        // The group may be away; then it learns of it by time-out.
        auto const once = std::make_shared<std::move_only_function<void(bool)>>(std::move(done));
        auto const end = [once, all] {
            if (auto call = std::exchange(*once, nullptr)) call(all);
        };
        consumer_->leave(alive_.guard([end](bus::Result<void> const&) { end(); }));
        core_.parts.loop.after(patience, alive_.guard(end));
    });
}

bool Membership::idle() const {
    return commits_.idle() && delays_.idle() &&
           std::ranges::all_of(partitions_, [](auto const& entry) {
               return entry.second->phase == Partition::Phase::working &&
                      entry.second->lanes.empty();
           });
}

}  // namespace klamm::handler
