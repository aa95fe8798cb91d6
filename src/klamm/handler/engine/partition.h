// handler/engine/partition.h - a partition that is ours: what was fetched of it, its lanes, what is
// finished and waits for a commit.
#pragma once

#include "klamm/handler/engine/checkpoint.h"
#include "klamm/handler/engine/event.h"
#include "klamm/handler/engine/parking.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace klamm::handler {

/// A record that was fetched, and where the next one is: what lies between is no event, and is
/// finished together with this one.
struct Fetched {
    std::int64_t offset = 0;
    std::int64_t next = 0;
};

class Partition {
public:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>{}(name);
        }
    };
    using Lanes = std::unordered_map<std::string, Lane, Hash, std::equal_to<>>;

    enum class Phase : std::uint8_t {
        restoring,  ///< its ledger is read
        working,
        leaving,  ///< what runs is finished and committed, nothing new begins
    };

    Partition(bus::TopicPartition id, Route const& route) : id_(std::move(id)), route_(route) {}
    Partition(Partition const&) = delete;
    Partition& operator=(Partition const&) = delete;

    bus::TopicPartition const& id() const { return id_; }
    Route const& route() const { return route_; }

    Phase phase = Phase::restoring;
    Instant since{};              ///< it is ours
    bool never_committed = true;  ///< as far as the group knows
    Checkpoint checkpoint;        ///< with all that is in transactions which have begun
    Ledger ledger;                ///< with all that is finished
    Parking parking;
    std::set<std::string> state_types;  ///< of which the ledger has entries

    // ---- what was fetched --------------------------------------------------------------------
    std::int64_t next = 0;       ///< the offset to be fetched next
    bool flowing = false;        ///< fetches are asked for
    std::size_t bytes = 0;       ///< of unfinished events
    std::deque<Fetched> window;  ///< from the first that is not finished
    Lanes lanes;                 ///< those that have events
    std::deque<Lane*> ready;     ///< their first events can run
    std::int32_t running = 0;    ///< handlers, and values that are decoded for them
    /// Handlers at work, also those of an earlier time in which the partition was ours.
    std::shared_ptr<std::int32_t> at_work;

    // ---- what is finished --------------------------------------------------------------------
    std::deque<Result> results;     ///< wait for a transaction
    std::vector<Result> in_flight;  ///< are in one, which has what they write:
    std::shared_ptr<std::vector<bus::Outgoing> const> written;
    std::size_t held_back = 0;  ///< of `results`: those that have no room in the metadata now

    /// Puts changes into the ledger, and remembers of which types there is state.
    void apply(std::vector<Ledger::Change> const& changes);
    Lane& lane_of(Event const& event);
    /// It has no events any more.
    void close(Lane& lane);
    /// Whether nothing runs and nothing can be committed.
    bool clean() const { return running == 0 && in_flight.empty() && results.size() <= held_back; }
    /// A record was fetched. False: it is finished already.
    bool fetched(std::int64_t offset);
    /// There are no records before `offset` any more.
    void pass(std::int64_t offset);
    /// Whether there is room in the metadata for this event to be finished.
    bool fits(std::int64_t offset) const { return checkpoint.progress.fits(offset); }
    /// A result of it goes into a transaction.
    void finish(std::int64_t offset);

private:
    static constexpr std::size_t spare_lanes_max = 1'000;

    bus::TopicPartition const id_;
    Route const& route_;
    std::vector<Lanes::node_type> spare_lanes_;  ///< to be used again: most are closed soon
    std::string name_;                           ///< of the lane that is looked for
};

}  // namespace klamm::handler
