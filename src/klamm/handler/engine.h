// handler/engine.h - one instance of an App at work, on one loop, over any bus.
//
//     records ──▶ lanes (a queue for each key) ──▶ Workers run handlers ──▶ outcomes
//                        ▲        │ failed: again, then dead letter              │
//                        └────────┘                                             ▼
//     bus ◀── one transaction: sends + dead letters + state + offsets ◀── finished events
//
// Invariants (each has an oracle in simulate/):
//   1. An event has one committed outcome: its sends, its state and its offset are in the same
//      transaction. The committed offset of a partition never passes an unfinished event; events
//      behind it that are finished are named in the offset's metadata (progress.h).
//   2. Of one key, handlers run one after the other, in the order of the log, parked ones included.
//   3. An event whose (source, id) has been done is not done again (ledger.h).
//   4. Nothing grows without bound: fetched events, results that wait for a commit, the ledger.
//
// Thread: the loop's. Only Workers run user code elsewhere, and their results come back on the
// loop.
#pragma once

#include "klamm/app.h"
#include "klamm/base/random.h"
#include "klamm/bus/bus.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/workers.h"
#include "klamm/health.h"
#include "klamm/publish.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace klamm::handler {

/// Wrong on purpose, to see that the oracles notice. Only tests set it.
enum class Mutation : std::uint8_t {
    none,
    commit_before_send,  ///< offsets in a transaction of their own, before what was sent
    no_deduplication,
    shared_retry_counter,  ///< success of one key resets the tries of another
    dead_letter_outside,   ///< the dead letter is sent beside the transaction
    parked_key_overtaken,  ///< a later event of a parked key is handled
};

/// What happens, for logs, oracles and tests. Called on the loop; must not call back.
struct Observer {
    virtual ~Observer() = default;
    virtual void log(std::string const& /*line*/) {}
    /// A partition of a topic that is handled is ours from now on; is no longer.
    virtual void assigned(bus::TopicPartition const&) {}
    virtual void released(bus::TopicPartition const&) {}
    /// A run of a handler begins; ends.
    virtual void run_begins(std::string const& /*handler*/, Position const&,
                            std::int32_t /*attempt*/) {}
    virtual void run_ended(std::string const& /*handler*/, Position const&, Outcome const&) {}
    /// Right after run_ended, for each event that this run has sent, in order: it will be committed
    /// with the event at `cause`, but for `delay`, and under this id.
    virtual void sends(Position const& /*cause*/, std::string const& /*topic*/,
                       std::string_view /*id*/, milliseconds /*delay*/) {}
    /// The event is over, in a transaction that is committed.
    virtual void committed(Position const&, std::string const& /*outcome*/) {}
};

struct Parts {
    bus::Loop& loop;
    bus::Bus& bus;
    Workers& workers;
    Codecs& codecs;
    Observer& observer;
};

/// The engine does what a replay does: handlers are told, delayed events leave at once.
struct Replaying {
    /// Of each event that is sent, in the order of its being sent by its cause. May be empty.
    std::function<void(Message const& cause, EventType const& type, bus::Outgoing const& record)>
        on_send;
};

struct EngineOptions {
    std::string instance = "embedded";  ///< of the transactional id
    /// The instance names the group's member, too: a restart takes over at once. Not for a name by
    /// chance, under which nobody comes again: such a member leaves when it stops.
    bool member_is_named = true;
    std::uint64_t seed = 1;  ///< of jitter and of ids that it makes up
    Duration session_timeout{45'000};
    Duration transaction_timeout{10'000};
    Mutation mutation = Mutation::none;
    std::optional<Replaying> replaying;
};

class Engine {
public:
    virtual ~Engine() = default;  ///< ends as a crash would

    /// Asks what the log can do, makes the topics that are missing, registers schemas, joins the
    /// group. Waits for a log that is away. The error: it cannot be started as it is declared.
    virtual void start(bus::Done<void> done) = 0;
    /// Takes no more events, finishes those that run, commits, leaves. `all`: nothing was left.
    virtual void stop(Duration patience, std::move_only_function<void(bool all)> done) = 0;

    virtual Health health() const = 0;
    virtual Counts counts() const = 0;
    virtual bool ready() const = 0;  ///< it has had an assignment, perhaps an empty one
    /// No event is fetched and unfinished, none waits for its time, nothing waits for a commit. The
    /// log may have more.
    virtual bool idle() const = 0;

    virtual void publish(std::string const& topic, EventType const& type,
                         std::shared_ptr<void const> event, PublishOptions options,
                         bus::Done<Position> done) = 0;
    virtual void wait_until_processed(Position const& position, Duration patience,
                                      bus::Done<void> done) = 0;
    virtual void request(std::string const& topic, EventType const& type,
                         std::shared_ptr<void const> event, EventType const& reply_type,
                         Duration patience, PublishOptions options,
                         bus::Done<std::shared_ptr<void const>> done) = 0;
};

/// `app` and what `parts` refer to live longer.
std::unique_ptr<Engine> make_engine(App const& app, EngineOptions options, Parts parts);

}  // namespace klamm::handler
