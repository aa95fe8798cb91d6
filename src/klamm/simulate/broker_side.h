// simulate/broker_side.h - the broker of a world: in memory and sound, or on a machine that fails.
#pragma once

#include "klamm/sim/audit.h"
#include "klamm/sim/trace.h"
#include "klamm/simulate/life.h"
#include "klamm/simulate/plan.h"

#include <memory>

namespace klamm::simulated {

class BrokerSide {
public:
    virtual ~BrokerSide() = default;
    virtual std::unique_ptr<bus::Connector> connector(ScheduleLoop& loop) = 0;
    /// Requires that it is settled.
    virtual std::optional<kafka::AnyResponse> ask_now(kafka::AnyRequest request,
                                                      kafka::ApiVersion version) = 0;
    /// It is up, and nothing waits for the disk.
    virtual bool settled() const = 0;
    /// Whether faults happen from now on.
    virtual void set_calm(bool calm) = 0;
};

/// All that is given lives longer.
std::unique_ptr<BrokerSide> make_broker_side(Plan const& plan, Schedule& schedule,
                                             sim::Trace& trace, sim::Violations& violations,
                                             std::uint64_t seed);

}  // namespace klamm::simulated
