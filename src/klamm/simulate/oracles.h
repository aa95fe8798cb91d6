// simulate/oracles.h - what must hold of every App, judged by what is committed and what was seen.
//
// Each is a function of a history, and says in a sentence what is wrong; empty: nothing is.
//
//     exactly_once   each event that was read has one committed outcome; what the run behind it has
//                    sent is there once, nothing else is; each dead letter is there once
//     key_order      of one key, runs and their sends come in the order of its events, and nothing
//                    overtakes a dead letter that its key waits for
//     attempts       tries of an event count up from 1, and end where Retry says
//     redelivery     another history of the same inputs, without faults, has the same events and
//                    dead letters, but for their order across keys
#pragma once

#include "klamm/simulate/history.h"

#include <string>

namespace klamm::simulated {

/// As of the end, when everything that could be finished is.
std::string exactly_once(App const& app, History const& history);
std::string key_order(App const& app, History const& history);
std::string attempts(App const& app, History const& history);
std::string redelivery(App const& app, History const& history, History const& without_faults);

}  // namespace klamm::simulated
