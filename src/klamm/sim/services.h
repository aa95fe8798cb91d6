// sim/services.h - what every part of a simulated world shares.
#pragma once

#include "klamm/base/random.h"
#include "klamm/sim/answers.h"
#include "klamm/sim/checker.h"
#include "klamm/sim/fetched.h"
#include "klamm/sim/plan.h"
#include "klamm/sim/schedule.h"
#include "klamm/sim/trace.h"

namespace klamm::sim {

struct Services {
    Plan const& plan;
    Schedule& schedule;
    Trace& trace;
    Violations& violations;
    Checkers& checkers;
    BatchReader batches{violations};
    std::uint64_t entries = 0;  ///< appended to the journal, in all lives
    std::uint64_t timed_out_transactions = 0;
    AnswerCounts answers;  ///< of the broker to clients
    bool calm = false;     ///< no more faults: everything must come to an end
    bool over = false;     ///< workloads stop where they are

    bool draws(Fault fault, Random& random) const {
        return !calm && plan[fault] != 0 && random.one_in(plan[fault]);
    }
    /// Whether the fault happens at this opportunity; it then counts as having happened.
    bool strikes(Fault fault, Random& random) {
        if (!draws(fault, random)) return false;
        trace.hit(fault);
        return true;
    }
};

}  // namespace klamm::sim
