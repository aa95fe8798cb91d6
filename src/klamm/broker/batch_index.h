// broker/batch_index.h - where the batches of one partition are: the old ones in L1 files, the
// recent ones in the journal.
//
//      offsets:   0                       17 18       40 41 ...
//                 | batch batch ... batch  |  batch   |
//      L1 file: ──■──                      |          |
//      journal: ───────────────────────────■──────────■───────────▶ position
//
// What is in an L1 file is known by blocks of consecutive batches, about 64 KiB each, what is in
// the journal batch by batch. Both are "places", and up to 128 of them are kept together in a
// BatchBlock, a string of varints with one entry relative to the one before it (about ten bytes a
// place). A finished BatchBlock never changes and is shared with the checkpoints that are being
// written and with background work; only the tail grows.
//
// Invariants:
//   1. Offsets grow from place to place, positions within a file and within the journal; gaps
//      between offsets are allowed.
//   2. All places in L1 come before all places in the journal.
//   3. Places are dropped from the front only, never one that ends at or after the log start.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/extents.h"
#include "klamm/journal/journal.h"
#include "klamm/kafka/wire.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace klamm::broker {

/// One batch, as far as the broker needs to know it; or a block of batches in an L1 file.
struct BatchRef {
    journal::Position position{};  ///< in the journal, or the byte in the file
    std::uint32_t bytes = 0;
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t max_timestamp = -1;
    /// Where the batch begins in the body of its entry: behind other partitions' markers.
    std::uint32_t skip = 0;
    bool operator==(BatchRef const&) const = default;
};

/// The same, and which file it is in.
struct Placed : BatchRef {
    journal::FileNumber file{};  ///< 0: the journal
    bool in_journal() const { return file == journal::FileNumber{}; }
    bool operator==(Placed const&) const = default;
};

/// Up to 128 batches. Immutable once it is full.
class BatchBlock {
public:
    static constexpr std::uint32_t count_max = 128;

    std::uint32_t count() const { return count_; }
    bool full() const { return count_ == count_max; }
    BatchRef const& first() const { return first_; }
    BatchRef const& last() const { return last_; }
    std::int64_t max_timestamp() const { return max_timestamp_; }
    std::uint64_t bytes() const { return bytes_; }  ///< of all batches

    /// Requires that it is not full and that `ref` lies behind last().
    void append(BatchRef const& ref);

    /// Reads the batches in order.
    class Reader {
    public:
        explicit Reader(BatchBlock const& block) : block_(&block) {}
        /// The next batch; none behind the last one.
        std::optional<BatchRef> next();
        bool at_end() const { return byte_ == block_->deltas_.size(); }

    private:
        BatchBlock const* block_;
        BatchRef at_;
        std::size_t byte_ = 0;
        std::uint32_t read_ = 0;
    };

    void encode(kafka::Writer& out) const;
    /// False when the bytes are no block: a count, a varint or an order that cannot be.
    /// Without `with_skips` as encoded before there were transactions.
    [[nodiscard]] bool decode(kafka::Reader& in, bool with_skips = true);

    bool operator==(BatchBlock const&) const = default;

private:
    BatchRef first_;
    BatchRef last_;
    std::int64_t max_timestamp_ = -1;
    std::uint64_t bytes_ = 0;
    std::uint32_t count_ = 0;
    std::vector<std::uint8_t> deltas_;  ///< of all batches but the first
};

/// Places in one file, or in the journal (file 0).
struct BatchRun {
    journal::FileNumber file{};
    std::shared_ptr<BatchBlock const> block;
    bool in_journal() const { return file == journal::FileNumber{}; }
    bool operator==(BatchRun const& other) const {
        return file == other.file && *block == *other.block;
    }
};

/// What of a file is needed no longer.
struct ReleasedBytes {
    journal::FileNumber file{};
    std::uint64_t bytes = 0;
};

class BatchIndex {
public:
    bool empty() const { return runs_.empty() && tail_.count() == 0; }
    std::uint64_t bytes() const { return bytes_; }  ///< of all batches
    /// Places: batches in the journal, blocks in L1.
    std::uint64_t batches() const { return places_; }
    /// Requires that there is one.
    Placed const& first() const { return first_; }
    BatchRef const& last() const;
    /// Where the first batch is that is in the journal; none: all are in L1.
    std::optional<BatchRef> first_in_journal() const;

    /// Whether `ref` lies behind every batch so far.
    bool can_append(BatchRef const& ref) const;
    /// A batch in the journal. Requires can_append().
    void append(BatchRef const& ref);

    /// Drops every place whose records are all before `offset`.
    std::vector<ReleasedBytes> drop_before(std::int64_t offset);

    // ---- L1 -------------------------------------------------------------------------------

    /// All runs that have places in [from, end), whole.
    std::vector<BatchRun> slice(std::int64_t from, std::int64_t end) const;
    /// The offset behind the last batch in the journal that is before `cut`; none: there is none.
    std::optional<std::int64_t> end_before(journal::Position cut) const;
    /// Of the places that begin in [from, end).
    std::uint64_t bytes_between(std::int64_t from, std::int64_t end) const;
    /// Whether the places in [from, end) can be replaced by `runs`, all in L1: the borders do not
    /// cut through a place, nor through a run in L1, and what remains is in order.
    bool can_replace(std::int64_t from, std::int64_t end, std::span<BatchRun const> runs) const;
    /// Requires can_replace(). Then drops what is before `log_start`.
    std::vector<ReleasedBytes> replace(std::int64_t from, std::int64_t end,
                                       std::span<BatchRun const> runs, std::int64_t log_start);
    /// Everything in L1: what is released when the partition goes.
    std::vector<ReleasedBytes> in_files() const;

    /// Walks from the place that holds `offset`, or the first one behind it. Valid until the
    /// index changes.
    class Cursor {
    public:
        std::optional<Placed> next();

    private:
        friend class BatchIndex;
        Cursor(BatchIndex const& index, std::size_t run);
        BatchIndex const* index_;
        std::size_t run_;
        BatchBlock::Reader reader_;
        std::optional<BatchRef> ahead_;
        void settle(std::int64_t offset);
    };
    Cursor from(std::int64_t offset) const;

    /// The first place with a record at or after `timestamp`.
    std::optional<Placed> find_timestamp(std::int64_t timestamp) const;
    /// The first place with the largest timestamp, among those that begin in [from, end).
    std::optional<Placed> find_latest(
        std::int64_t end, std::int64_t from = std::numeric_limits<std::int64_t>::min()) const;

    // ---- checkpoints ------------------------------------------------------------------------

    std::vector<BatchRun> const& runs() const { return runs_; }  ///< all but the tail
    BatchBlock const& tail() const { return tail_; }
    /// Puts back a block, in order; false when it does not follow the one before it.
    [[nodiscard]] bool restore(journal::FileNumber file, BatchBlock block);

    bool operator==(BatchIndex const& other) const;

private:
    BatchBlock const& block(std::size_t n) const {
        return n < runs_.size() ? *runs_[n].block : tail_;
    }
    journal::FileNumber file(std::size_t n) const {
        return n < runs_.size() ? runs_[n].file : journal::FileNumber{};
    }
    std::size_t count() const { return runs_.size() + (tail_.count() > 0 ? 1 : 0); }
    std::size_t run_of(std::int64_t offset) const;
    void recount();

    std::vector<BatchRun> runs_;
    BatchBlock tail_;  ///< in the journal
    Placed first_;     ///< the first one that is not dropped
    std::uint64_t bytes_ = 0;
    std::uint64_t places_ = 0;
};

}  // namespace klamm::broker
