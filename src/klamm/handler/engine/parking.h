// handler/engine/parking.h - keys whose events wait in the dead letter topic behind one that
// failed.
//
//     key "ann":   1 failed   2   3        1', 2', 3' come back by a redrive
//     parked:      {offset 1, failed 1, waiting 3}
//       1' done    {offset 1, waiting 2}             2' and 3' may be handled
//       1' failed  {offset 1, failed 1, waiting 3}   2' and 3' go back behind it
//
// Invariants:
//   1. While something of a key waits, only redriven events of it are handled, and of those none
//      behind one that failed.
//   2. `waiting` counts the dead letters that have been neither redriven with success nor given up.
//
// All changes are entries of the ledger: they count with the transaction of the event.
#pragma once

#include "klamm/handler/engine/event.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

struct Parked {
    std::int64_t since = 0;              ///< the place of the event that failed first
    std::optional<std::int64_t> failed;  ///< the place of the first that must be done next
    std::int64_t waiting = 0;
    bool operator==(Parked const&) const = default;
};

/// What an event waits behind.
struct Behind {
    Park park = Park::key;
    std::int64_t place = 0;
    bool operator==(Behind const&) const = default;
};

class Parking {
public:
    using Changes = std::vector<Ledger::Change>;

    void restore(Ledger const& ledger);

    /// Whether the event must go to the dead letters without being run.
    std::optional<Behind> waits_behind(Event const& event) const;
    /// It goes there, behind others.
    void joined(Event const& event, Changes& changes);
    /// It failed for good.
    void failed(Event const& event, Park park, Changes& changes);
    /// It is over: done, skipped, a duplicate, given up.
    void over(Event const& event, Changes& changes);

    bool whole_partition() const { return parked_.contains(std::nullopt); }
    /// By key; the whole partition has none.
    std::map<std::optional<std::string>, Parked> const& all() const { return parked_; }

private:
    using Entry = std::map<std::optional<std::string>, Parked>::iterator;
    /// Where the event counts: with the partition, if it came after that was parked.
    Entry entry_of(Event const& event);
    void write(Entry entry, Changes& changes);

    std::map<std::optional<std::string>, Parked> parked_;
};

}  // namespace klamm::handler
