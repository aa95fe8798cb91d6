// handler/engine/delivery.h - events through their lanes: what runs next, what is tried again, what
// becomes of it.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/commits.h"
#include "klamm/handler/engine/delays.h"
#include "klamm/handler/engine/run.h"

#include <cstdint>
#include <memory>
#include <string>

namespace klamm::handler {

class Delivery {
public:
    Delivery(Core& core, Partitions& partitions, Commits& commits, Delays& delays)
        : core_(core), partitions_(partitions), commits_(commits), delays_(delays) {}
    ~Delivery();

    void begin(bus::Consumer& consumer) { consumer_ = &consumer; }
    void accept(Partition& partition, bus::Record record);
    /// Runs what can run, and asks for more where there is room.
    void dispatch();
    /// Fetches go on or stop, as there is room.
    void regulate(Partition& partition);
    /// Handlers of the partition that still run are nobody's now.
    void dropped(Partition& partition);

    std::int32_t running() const { return running_; }

private:
    using Held = std::shared_ptr<Partition>;

    void advance(Partition& partition, Lane& lane);
    /// What becomes of an event without its being run; none: it is to be run.
    std::optional<Result> decide(Partition& partition, Event& event);
    void ready(Partition& partition, Lane& lane);
    void start(Held partition, Lane& lane);
    void run(Held partition, Lane& lane);
    void ended(Partition& partition, Lane& lane, Run& run);
    void again(Partition& partition, Lane& lane, Duration delay);
    void finish(Partition& partition, Lane& lane, Result result);
    Result done(Partition& partition, Run& run);
    Result failed(Partition& partition, Event& event, Outcome const& outcome);
    Result parked(Partition& partition, Event& event, std::int64_t behind);
    bus::Outgoing dead_letter(Event const& event, Outcome const& outcome, bool parked) const;
    Duration pause_before(Event const& event, Outcome const& outcome);
    std::int32_t& attempts_of(Partition& partition, Event& event);

    Core& core_;
    Partitions& partitions_;
    Commits& commits_;
    Delays& delays_;
    bus::Consumer* consumer_ = nullptr;
    std::int32_t running_ = 0;
    bus::TopicPartition last_;  ///< that was served: the next in the circle is served next
    std::map<bus::TopicPartition, std::int32_t> shared_attempts_;  ///< of a mutant only
    Alive alive_;
};

}  // namespace klamm::handler
