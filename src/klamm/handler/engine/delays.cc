#include "klamm/handler/engine/delays.h"

#include <fmt/format.h>

namespace klamm::handler {

Delays::Delays(Core& core, Partitions& partitions, Commits& commits)
    : core_(core),
      partitions_(partitions),
      commits_(commits),
      delayed_(
          core.parts.loop, [this](DelayedEvents::Due event) { due(std::move(event)); },
          [this](bus::TopicPartition const& id, std::string const& why) {
              core_.parts.observer.log(
                  fmt::format("In the ledger of {}/{}: {}", id.topic, id.partition, why));
          }) {}

void Delays::keep(Partition& partition, Send send, Result& result) {
    auto const due = core_.parts.loop.now().wall_ms + send.delay.count();
    result.changes.emplace_back(Ledger::due_key(due, send.id), write_delayed(send.record));
    // The result reaches the ledger when the caller has handed it on.
    core_.parts.loop.post(alive_.guard([this, id = partition.id()] { look(id); }));
}

void Delays::restored(Partition& partition) { delayed_.look(partition.id(), partition.ledger); }

void Delays::dropped(Partition& partition) { delayed_.forget(partition.id()); }

void Delays::look(bus::TopicPartition const& id) {
    auto const found = partitions_.find(id);
    if (found == partitions_.end() || found->second->phase == Partition::Phase::restoring) return;
    delayed_.look(id, found->second->ledger);
}

void Delays::due(DelayedEvents::Due due) {
    Result result{.kind = Result::Kind::due, .outcome = "due"};
    result.lane = due.tombstone.first;
    result.records.push_back(std::move(due.event));
    result.changes.push_back(std::move(due.tombstone));
    commits_.add(*partitions_.at(due.partition), std::move(result));
}

}  // namespace klamm::handler
