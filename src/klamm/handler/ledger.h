// handler/ledger.h - what an App must know about a partition besides its offset: ids that were
// done, keys that are parked, events that wait for their time, the state of keys.
//
// A ledger is a compacted topic APP-TOPIC-ledger with as many partitions as TOPIC. Partition n
// belongs to who owns partition n of TOPIC, who reads it to its end before the first event, and
// writes to it only in the transactions that commit offsets. So it is exactly as old as they are.
//
//     key                       value
//     i/SOURCE\0ID              offset of the event that was done
//     p/KEY                     {"offset": of the dead letter's event, "waiting": n, …}
//     d/DUE_MS/ID               the event, to be sent when it is due
//     s/TYPE\0KEY               state, as JSON
#pragma once

#include "klamm/bus/bus.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

/// Entries of one partition, as of its last committed transaction, and changes on top of it that
/// belong to results not committed yet. Those of a result that is given up are taken back.
class Ledger {
public:
    using Change = std::pair<std::string, std::optional<std::string>>;  ///< none: a tombstone

    /// While it is read from its topic.
    void restore(std::string_view key, std::optional<std::string_view> value);

    /// With the changes on top.
    std::optional<std::string_view> find(std::string_view key) const;
    /// All keys that begin with `prefix`, in order.
    std::vector<std::pair<std::string, std::string>> all(std::string_view prefix) const;
    void put(std::string key, std::optional<std::string> value);
    std::size_t size() const { return entries_.size(); }

    static std::string done_key(std::string_view source, std::string_view id);
    static std::string parked_key(std::string_view key);
    static std::string due_key(std::int64_t due_ms, std::string_view id);
    static std::string state_key(std::string_view type, std::string_view key);

    /// Remembers that an event is done; gives the changes: the new id, and tombstones for those
    /// that are further back than `remember` offsets.
    std::vector<Change> remember_done(std::string_view source, std::string_view id,
                                      std::int64_t offset, std::int64_t remember);
    /// Where the event was done; none: not within what is remembered.
    std::optional<std::int64_t> done_at(std::string_view source, std::string_view id) const;

private:
    std::map<std::string, std::string, std::less<>> entries_;
    std::map<std::int64_t, std::vector<std::string>> done_by_offset_;
};

std::string ledger_topic(std::string_view app,
                         std::string_view topic);  ///< "billing-orders-ledger"

}  // namespace klamm::handler
