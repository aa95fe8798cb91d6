// broker/producers.h - what is remembered of idempotent producers, so that a retry is not a second
// record.
//
// Source: KIP-98, KIP-360. One producer in one partition is one entry here. Entries are kept in
// the order of their last append, in journaled time: that is the order in which they expire, and
// the order in which they go when there are too many. Who has an open transaction in the partition
// is pinned: it does neither.
//
// Invariant: a pure function of the appends; the same appends give the same entries.
#pragma once

#include "klamm/broker/entries.h"
#include "klamm/records/batch.h"

#include <cstdint>
#include <list>
#include <map>
#include <utility>
#include <vector>

namespace klamm::broker {

/// The last sequence number of a batch that starts with `first`: numbers wrap after 2^31 - 1.
std::int32_t last_sequence(std::int32_t first, std::int32_t last_offset_delta);
/// Whether `next` is the number that follows `last`.
bool follows(std::int32_t last, std::int32_t next);

/// A batch that may be sent again.
struct SentBatch {
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    std::int64_t base_offset = -1;
    std::int64_t log_append_time_ms = -1;  ///< -1: the producer's timestamps were kept
    bool operator==(SentBatch const&) const = default;
};

struct Producer {
    static constexpr std::size_t batches_max = 5;  ///< as many as a client may have in flight

    PartitionKey partition{};
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::int64_t last_appended_ms = 0;
    std::int64_t last_timestamp = -1;
    std::vector<SentBatch> batches;  ///< oldest first; empty: none in this epoch
    bool pinned = false;

    /// -1, which 0 follows, when it has sent nothing in this epoch.
    std::int32_t last_sequence() const {
        return batches.empty() ? -1 : batches.back().last_sequence;
    }
    bool operator==(Producer const&) const = default;
};

class Producers {
public:
    struct Limits {
        std::int64_t expiration_ms = 86400000;
        std::size_t count_max = 100000;
    };
    explicit Producers(Limits limits) : limits_(limits) {}

    /// The producer in this partition unless it has expired at `wall_ms`.
    Producer const* find(PartitionKey partition, std::int64_t id, std::int64_t wall_ms) const;
    /// All of a partition, by id, that have not expired at `wall_ms`.
    std::vector<Producer const*> of(PartitionKey partition, std::int64_t wall_ms) const;

    /// Remembers a batch that was appended with its base offset in place. Forgets who expired
    /// by then, and the oldest when there are too many.
    void appended(PartitionKey partition, records::BatchInfo const& batch, std::int64_t wall_ms);
    /// Puts back what a transactional batch does: pinned until the next marker. False when there is
    /// no such producer.
    bool pin(PartitionKey partition, std::int64_t id);
    /// A transaction's marker was appended. Its epoch, when it is new, begins with sequence 0.
    void ended(PartitionKey partition, records::BatchInfo const& marker, std::int64_t wall_ms);
    void forget(PartitionKey partition);

    std::size_t size() const { return by_key_.size(); }
    /// In the order of their age; behind them the pinned ones, in the order of their names.
    std::vector<Producer const*> all() const;
    /// Puts back an entry behind the others; false when it is there already or is not whole.
    [[nodiscard]] bool restore(Producer producer);

private:
    using Key = std::pair<PartitionKey, std::int64_t>;
    bool expired(Producer const& producer, std::int64_t wall_ms) const {
        return !producer.pinned && wall_ms - producer.last_appended_ms >= limits_.expiration_ms;
    }
    std::list<Producer>::iterator at_the_end(Key const& key);
    void drop_oldest();

    Limits limits_;
    std::list<Producer> by_age_;
    std::list<Producer> pinned_;  ///< in no order that means anything
    std::map<Key, std::list<Producer>::iterator> by_key_;
};

}  // namespace klamm::broker
