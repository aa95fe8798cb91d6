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
    result.changes.emplace_back(Ledger::due_key(due, send.id()), write_delayed(send.record));
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
    auto& partition = *partitions_.at(due.partition);
    if (auto const refused = core_.refused_due.extract(result.lane); !refused.empty())
        result.records.push_back(dead_letter(partition, std::move(due.event), refused.mapped()));
    else
        result.records.push_back(std::move(due.event));
    result.changes.push_back(std::move(due.tombstone));
    commits_.add(partition, std::move(result));
}

/// It stands in no topic yet, so there is none to redrive it to.
bus::Outgoing Delays::dead_letter(Partition const& partition, bus::Outgoing event,
                                  std::string const& why) const {
    auto const& route = partition.route();
    DeadLetter letter;
    letter.group = core_.app.name();
    letter.reason =
        fmt::format("it could not be sent to {} when its time had come: {}", event.topic, why);
    letter.error_type = "refused";
    letter.failed_at = core_.time();
    event.headers = write_dead_letter(event.headers, letter, DeadLetterDialect::klamm);
    event.topic = route.handlers.empty() ? route.dead_letters : route.handlers.front().dead_letters;
    event.partition.reset();
    return event;
}

}  // namespace klamm::handler
