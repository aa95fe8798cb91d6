// broker/step.h - what a handler may do: look at the state, journal a change, reply, look at the
// time.
//
// The one rule of the broker: a handler decides from the state, the request and `now`; what it
// decided becomes an entry; the entry alone changes the state, in apply(). There is no second path.
#pragma once

#include "klamm/base/random.h"
#include "klamm/base/time.h"
#include "klamm/broker/options.h"
#include "klamm/broker/request.h"
#include "klamm/journal/journal.h"

#include <expected>
#include <string>

namespace klamm::broker {

struct Partition;
struct State;
struct Topic;
struct Verdict;

/// Which replies must wait until what was appended so far is durable.
enum class After : std::uint8_t {
    everything,  ///< the default: the reply may depend on any entry appended so far
    nothing,     ///< it says only what is durable already, or what need not survive
};

/// One step of the machine. Implemented by Broker; in unit tests by a few lines.
class Step {
public:
    virtual ~Step() = default;

    virtual Now now() const = 0;
    virtual Random& random() = 0;
    virtual Options const& options() const = 0;
    virtual State const& state() const = 0;
    /// What retention and compaction did with a topic and will do next (storage_report.h).
    virtual std::string report(Topic const& topic) const = 0;

    /// Journals one entry (a struct of entries.h, encoded by encode_entry) and applies it at
    /// once. `full`: nothing happened; refuse the request with a retriable error.
    [[nodiscard]] virtual std::expected<journal::Position, journal::Error> commit(
        Bytes head, Slice body = {}) = 0;

    /// Records for the partition were looked at (validation/validate.h): for who counts.
    virtual void validated(Partition const& /*partition*/, Verdict const& /*verdict*/) {}

    /// Answers a request, once, in this step or any later one.
    virtual void reply(Reply reply, After after = After::everything) = 0;
};

}  // namespace klamm::broker
