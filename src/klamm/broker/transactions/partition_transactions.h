// broker/transactions/partition_transactions.h - which records of one partition are not settled
// yet, and which never were.
//
//      offsets:  ... a1  b1  a2  b2 │A│ b3  c1 ...      a, b: records of the producers A and B
//                    │   │           │                  │A│: A's marker, an abort
//                    │   └ B is open: the last stable offset
//                    └ aborted: A's from here to its marker
//
// Readers with read_committed see what is below the last stable offset, and are told which
// producers' records in it were aborted.
//
// Invariants:
//   1. A producer has at most one open transaction here; its first offset is that of a batch.
//   2. `aborted` is in the order of the markers. What stands behind an entry with
//      `stable_after` s begins at or behind s.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace klamm::broker {

struct AbortedTransaction {
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;   ///< the marker
    std::int64_t stable_after = 0;  ///< the last stable offset once the marker was there
    bool operator==(AbortedTransaction const&) const = default;
};

class PartitionTransactions {
public:
    /// First offsets by producer id.
    std::map<std::int64_t, std::int64_t> const& open() const { return open_; }
    std::optional<std::int64_t> first_offset(std::int64_t producer_id) const;
    /// The first offset of the oldest open transaction; `next_offset` when there is none.
    std::int64_t last_stable(std::int64_t next_offset) const;
    std::vector<AbortedTransaction> const& aborted() const { return aborted_; }
    bool empty() const { return open_.empty() && aborted_.empty(); }

    /// Those with records in [from, to), the first offset first.
    std::vector<AbortedTransaction> aborted(std::int64_t from, std::int64_t to) const;

    /// A batch of this producer begins at `offset`. Changes nothing when it has an open one.
    void write(std::int64_t producer_id, std::int64_t offset);
    /// The producer's marker is at `offset`, the end of the log.
    void end(std::int64_t producer_id, bool committed, std::int64_t offset);
    /// Forgets aborted transactions whose markers are gone.
    void drop_before(std::int64_t log_start);

    // ---- checkpoints --------------------------------------------------------------------

    /// Put back one after the other, in order; false when it cannot be.
    [[nodiscard]] bool restore_open(std::int64_t producer_id, std::int64_t first_offset);
    [[nodiscard]] bool restore(AbortedTransaction const& aborted);

    bool operator==(PartitionTransactions const&) const = default;

private:
    std::map<std::int64_t, std::int64_t> open_;
    std::map<std::int64_t, std::int64_t> by_first_;  ///< the same, by first offset
    std::vector<AbortedTransaction> aborted_;
};

}  // namespace klamm::broker
