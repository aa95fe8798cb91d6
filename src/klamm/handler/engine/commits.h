// handler/engine/commits.h - results of events, transaction after transaction.
//
//     results ──▶ every commit_interval, or commit_events_max of them ──▶ one transaction at a time
//                                              ▲                             │ aborted
//                                              └────── the same again ◀──────┘
//
// Invariants:
//   1. A result is in a transaction together with all its effects, and with the offset.
//   2. Results of one lane, and changes of one entry of the ledger, are committed in the order in
//      which they were made.
//   3. After a transaction of which nobody knows how it ended, nothing goes on as it was: the
//      membership ends, and the next one reads what is committed. So it does after one that was
//      refused: then results are committed one by one, until it is known which it was, and its
//      event becomes a dead letter.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/core.h"
#include "klamm/handler/engine/partition.h"

#include <functional>
#include <map>
#include <memory>

namespace klamm::handler {

using Partitions = std::map<bus::TopicPartition, std::shared_ptr<Partition>>;

class Commits {
public:
    /// Who hears what became of transactions.
    struct Hooks {
        std::function<void(Partition&)> committed;      ///< it may have room now
        std::function<void(bus::Error const&)> broken;  ///< see invariant 3; nothing comes after it
    };
    Commits(Core& core, Partitions& partitions, Hooks hooks)
        : core_(core), partitions_(partitions), hooks_(std::move(hooks)) {}

    void begin(bus::Producer& producer, bus::Consumer& consumer);
    /// Requires that its changes are in the partition's ledger.
    void add(Partition& partition, Result result);
    /// Commits as soon as it can, without waiting for the interval.
    void hurry();
    /// The partition is gone: what waits of it is thrown away.
    void dropped(Partition& partition);

    bool idle() const { return waiting_ == 0 && !in_flight_; }
    std::size_t waiting() const { return waiting_; }

private:
    void plan();
    void commit();
    /// What one transaction has room for.
    struct Room {
        std::size_t results = 0;
        std::size_t bytes = 0;
    };
    void take(Partition& partition, Room& room);
    void note(Partition& partition, bool changes) const;
    bus::Transaction transaction() const;
    void send();
    void ended(bus::Result<void> result);
    void failed(bus::Error const& error);
    void refused(bus::Error const& error);
    void count(Partition const& partition, Result const& result);

    Core& core_;
    Partitions& partitions_;
    Hooks hooks_;
    bus::Producer* producer_ = nullptr;
    bus::Consumer* consumer_ = nullptr;
    std::size_t waiting_ = 0;
    bool in_flight_ = false;
    bool planned_ = false;  ///< for the end of the interval
    bool posted_ = false;   ///< for this moment
    bool hurry_ = false;
    bool over_ = false;
    bus::TopicPartition last_;  ///< whose results were taken last: the next in the circle is first
    std::int32_t aborted_ = 0;  ///< times in a row
    Instant began_{};           ///< when the last transaction was
    Alive alive_;
};

}  // namespace klamm::handler
