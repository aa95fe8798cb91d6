// handler/engine/delays.h - sent events that wait for their time, in the ledger of the partition
// whose event sent them.
#pragma once

#include "klamm/handler/delayed.h"
#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/commits.h"
#include "klamm/handler/engine/run.h"

namespace klamm::handler {

class Delays {
public:
    Delays(Core& core, Partitions& partitions, Commits& commits);

    /// Puts the event into the ledger, by the result of the event that sent it.
    void keep(Partition& partition, Send send, Result& result);
    /// The partition works from now on: what its ledger has will be sent when it is due.
    void restored(Partition& partition);
    /// Nothing more of it is sent.
    void dropped(Partition& partition);
    /// None waits for its time.
    bool idle() const { return !delayed_.next_due_ms(); }

private:
    void look(bus::TopicPartition const& id);
    void due(DelayedEvents::Due due);
    bus::Outgoing dead_letter(Partition const& partition, bus::Outgoing event,
                              std::string const& why) const;

    Core& core_;
    Partitions& partitions_;
    Commits& commits_;
    DelayedEvents delayed_;
    Alive alive_;
};

}  // namespace klamm::handler
