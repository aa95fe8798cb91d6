// handler/engine/delivery.h - events through their lanes: what runs next, what is tried again, what
// becomes of it.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/commits.h"
#include "klamm/handler/engine/delays.h"
#include "klamm/handler/engine/destinations.h"
#include "klamm/handler/engine/run.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace klamm::handler {

class Delivery {
public:
    /// `settled` is called when a handler has ended, and what came of it waits for its commit.
    Delivery(Core& core, Partitions& partitions, Commits& commits, Delays& delays,
             std::function<void()> settled)
        : core_(core),
          partitions_(partitions),
          commits_(commits),
          delays_(delays),
          settled_(std::move(settled)) {}

    void begin(bus::Consumer& consumer) { consumer_ = &consumer; }
    void accept(Partition& partition, bus::Record record);
    /// Runs what can run.
    void dispatch();
    /// Fetches go on or stop, as there is room.
    void regulate(Partition& partition);
    /// Nothing of it begins any more; what runs may end.
    void quiet(Partition& partition);
    /// It is nobody's now: what still runs of it comes to nothing.
    void dropped(Partition& partition);

    std::int32_t running() const { return running_; }

private:
    using Held = std::shared_ptr<Partition>;

    void advance(Partition& partition, Lane& lane);
    /// What becomes of an event without its being run; none: it is to be run.
    std::optional<Result> decide(Partition& partition, Event& event);
    /// The value of the lane's first event; the error is the registry's.
    void decoded(Held const& partition, Lane& lane, bus::Result<Codecs::Decoded> found);
    void registry_is_away(Event const& event, bus::Error const& error);
    void ready(Partition& partition, Lane& lane);
    Held next_partition();
    void dispatch_now();  ///< Requires that Core::moment is this one.
    struct Task;
    std::int32_t most() const;  ///< that may run, or wait for a thread
    void start(Held const& partition, Lane& lane);
    void run(Held const& partition, Lane& lane);
    static void settle(std::shared_ptr<Task> task);
    void ended(Task& task);
    void judge(Held const& partition, Lane& lane, Run& run);
    void again(Held const& partition, Lane& lane, Duration delay);
    /// The first event of the lane is over.
    void finish(Partition& partition, Lane& lane, Result result);
    /// The run of the lane's first event, or the decoding before it, has ended.
    void release(Partition& partition);

    Result done(Partition& partition, Run& run);
    Result over(Partition& partition, Event& event, Result::Kind kind, std::string outcome);
    Result failed(Partition& partition, Event& event, Outcome const& outcome, Park park);
    Result parked(Partition& partition, Event& event, Behind behind);
    bool duplicate(Partition const& partition, Event const& event) const;
    bus::Outgoing dead_letter(Partition const& partition, Event const& event,
                              Outcome const& outcome, Park park, bool parked) const;
    Duration pause_before_next(Event const& event, Outcome const& outcome);
    std::int32_t& attempts_of(Partition const& partition, Event& event);

    Core& core_;
    Partitions& partitions_;
    Commits& commits_;
    Delays& delays_;
    std::function<void()> settled_;
    bus::Consumer* consumer_ = nullptr;
    std::int32_t running_ = 0;
    std::size_t ready_ = 0;  ///< lanes, of all partitions
    bool dispatching_ = false;
    /// How many runs are handed over for each that runs: more while they are short.
    std::int32_t ahead_ = 1;
    std::optional<Instant> registry_logged_;
    bus::TopicPartition last_;  ///< that was served: the next in the circle is served next
    std::map<bus::TopicPartition, std::int32_t> shared_attempts_;  ///< of a mutant only
    Destinations destinations_{core_};
    Alive alive_;
};

}  // namespace klamm::handler
