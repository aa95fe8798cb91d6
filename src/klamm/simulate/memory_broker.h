// simulate/memory_broker.h - the broker without anything that goes wrong: its journal in memory,
// durable at once, and connections that carry messages, not bytes.
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/bus/link.h"
#include "klamm/journal/memory_extents.h"
#include "klamm/journal/memory_journal.h"
#include "klamm/sim/audit.h"
#include "klamm/simulate/schedule_loop.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace klamm::simulated {

class MemoryBroker {
public:
    MemoryBroker(Schedule& schedule, broker::Options options, std::uint64_t seed);

    /// For a process whose loop is `loop`. Both live longer than its connections.
    std::unique_ptr<bus::Connector> connector(ScheduleLoop& loop);
    /// Answers inside the call. Requires a request that waits for nothing.
    std::optional<kafka::AnyResponse> ask_now(kafka::AnyRequest request, kafka::ApiVersion version);

private:
    friend class MemoryConnection;
    class MemoryConnector;
    using Answered = std::move_only_function<void(std::uint64_t number, kafka::AnyResponse)>;

    void submit(broker::RequestId id, kafka::RequestHeader header, kafka::AnyRequest request);
    void pump();
    void plan_tick();

    Schedule& schedule_;
    journal::MemoryJournal journal_;
    journal::MemoryExtents extents_;
    broker::Broker broker_;
    std::uint64_t opened_ = 0;
    std::map<broker::ConnectionId, Answered> connections_;
    std::optional<Instant> tick_planned_;
};

}  // namespace klamm::simulated
