// handler/replay.h - a range of a topic once more through the handlers of an App, without a trace
// in its live work.
//
//     the log ──▶ ReplayBus: a group of its own in memory, ──▶ Engine, as ever: order per key,
//                 ledgers that begin empty                     retries, dead letters, state
//     nowhere, or PREFIX+TOPIC ◀── sends and dead letters ◀──────┘
//
// The same range gives the same events with the same ids, in the same order per key. What was there
// when it began is replayed and nothing that comes later. No offset is committed, no ledger read
// or written. Delayed events leave at once.
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/run.h"

#include <memory>

namespace klamm::handler {

class Replay {
public:
    virtual ~Replay() = default;  ///< ends it; `done` does not come any more
};

/// Begins at once. Of `parts.observer` only log() is called. `parts.codecs` have been prepared for
/// the App. Diverted sends leave in transactions of "APP-replay-TOPIC": a second replay of the
/// topic ends the first. All that `parts` refers to lives longer; of the App a copy is made.
std::unique_ptr<Replay> start_replay(App const& app, ReplayOptions options, Parts parts,
                                     bus::Done<ReplayResult> done);

}  // namespace klamm::handler
