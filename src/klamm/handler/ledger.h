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
//
// What is put here counts at once for the events that come, and belongs to results that the next
// transaction takes, or the one after it: an aborted transaction is tried again with the same
// content. So nothing is ever taken back. When the partition is lost, the whole ledger is dropped.
#pragma once

#include "klamm/bus/bus.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::handler {

class Ledger {
public:
    using Change = std::pair<std::string, std::optional<std::string>>;  ///< none: a tombstone
    /// Source and id together; an event with a longer name is not remembered, and so never
    /// recognized as a duplicate.
    static constexpr std::size_t id_bytes_max = 1'000;

    /// While it is read from its topic. What cannot be understood is passed over.
    void restore(std::string_view key, std::optional<std::string_view> value);

    /// Any entry but ids, which done_at() finds.
    std::optional<std::string_view> find(std::string_view key) const;
    /// All that begin with `prefix`, in order.
    std::vector<std::pair<std::string, std::string>> all(std::string_view prefix) const;
    /// The first that begins with `prefix`; of "d/" it is the one that is due first.
    std::optional<std::pair<std::string_view, std::string_view>> first(
        std::string_view prefix) const;
    std::size_t count(std::string_view prefix) const;
    void put(std::string key, std::optional<std::string> value);
    /// Ids and other entries.
    std::size_t size() const { return entries_.size() + done_.size(); }

    static std::string done_key(std::string_view source, std::string_view id);
    static std::string parked_key(std::string_view key);
    static std::string due_key(std::int64_t due_ms, std::string_view id);
    static std::string state_key(std::string_view type, std::string_view key);
    /// When an entry "d/…" is due. None: it is none.
    static std::optional<std::int64_t> due_of(std::string_view key);

    /// Remembers that an event is done, and gives the change. None: its name is too long, or it is
    /// remembered already, as done at a later offset.
    std::optional<Change> remember_done(std::string_view source, std::string_view id,
                                        std::int64_t offset);
    /// The same by done_key(). Requires that source and id are not too long.
    std::optional<Change> remember_done(std::string key, std::int64_t offset);
    /// Forgets what was done before `offset`, the oldest first, and gives at most `limit`
    /// tombstones. With first unfinished event - deduplicate_last, exactly what no event that is
    /// still to come may ask for is forgotten.
    std::vector<Change> forget_done(std::int64_t offset, std::size_t limit);
    /// Where the event was done. None: it is not remembered.
    std::optional<std::int64_t> done_at(std::string_view source, std::string_view id) const;
    std::optional<std::int64_t> done_at(std::string const& key) const;  ///< by done_key()

    bool operator==(Ledger const& other) const {
        return entries_ == other.entries_ && done_ == other.done_;
    }

private:
    using Done = std::unordered_map<std::string, std::int64_t>;
    using Places = std::multimap<std::int64_t, std::string const*>;

    void remember(std::string key, std::int64_t offset);
    void forget(std::string const& key);
    Places::const_iterator place_of(Done::value_type const& entry) const;

    std::map<std::string, std::string, std::less<>> entries_;
    Done done_;              ///< "i/…" → offset; asked, never walked
    Places done_by_offset_;  ///< → its key in done_
};

std::string ledger_topic(std::string_view app,
                         std::string_view topic);  ///< "billing-orders-ledger"

}  // namespace klamm::handler
