// broker/batch_index.h - where the batches of one partition are in the journal.
//
//      offsets:   0        17 18       40 41 ...
//                 |  batch  |  batch   |
//      journal: ──■─────────■──────────■───────────▶ position
//
// Batches are kept in blocks of up to 128, each a string of varints with one entry relative to
// the one before it (about ten bytes a batch). A full block never changes and is shared with
// the checkpoints that are being written; only the last block grows.
//
// Invariants:
//   1. Offsets and positions grow from batch to batch; gaps between offsets are allowed.
//   2. Batches are dropped from the front only, never one that ends at or after the log start.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/journal.h"
#include "klamm/kafka/wire.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace klamm::broker {

/// One batch, as far as the broker needs to know it.
struct BatchRef {
    journal::Position position{};
    std::uint32_t bytes = 0;
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t max_timestamp = -1;
    /// Where the batch begins in the body of its entry: behind other partitions' markers.
    std::uint32_t skip = 0;
    bool operator==(BatchRef const&) const = default;
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

class BatchIndex {
public:
    using SharedBlock = std::shared_ptr<BatchBlock const>;

    bool empty() const { return full_.empty() && tail_.count() == 0; }
    std::uint64_t bytes() const { return bytes_; }  ///< of all batches
    std::uint64_t batches() const { return batches_; }
    /// Where the first batch is. Requires that there is one.
    journal::Position first_position() const { return first_.position; }
    BatchRef const& first() const { return first_; }
    BatchRef const& last() const;

    /// Whether `ref` lies behind every batch so far.
    bool can_append(BatchRef const& ref) const;
    /// Requires can_append().
    void append(BatchRef const& ref);

    /// Drops every batch whose records are all before `offset`.
    void drop_before(std::int64_t offset);

    /// Walks from the batch that holds `offset`, or the first one behind it. Valid until the
    /// index changes.
    class Cursor {
    public:
        std::optional<BatchRef> next();

    private:
        friend class BatchIndex;
        Cursor(BatchIndex const& index, std::size_t block);
        BatchIndex const* index_;
        std::size_t block_;
        BatchBlock::Reader reader_;
        std::optional<BatchRef> ahead_;
        void settle(std::int64_t offset);
    };
    Cursor from(std::int64_t offset) const;

    /// The first batch with a record at or after `timestamp`.
    std::optional<BatchRef> find_timestamp(std::int64_t timestamp) const;
    /// The first batch with the largest timestamp, looking at records before `end` only.
    std::optional<BatchRef> find_latest(std::int64_t end) const;

    // ---- checkpoints --------------------------------------------------------------------

    std::vector<SharedBlock> const& full_blocks() const { return full_; }
    BatchBlock const& tail() const { return tail_; }
    /// Puts back a block, in order; false when it does not follow the one before it.
    [[nodiscard]] bool restore(BatchBlock block);

    bool operator==(BatchIndex const& other) const;

private:
    BatchBlock const& block(std::size_t n) const { return n < full_.size() ? *full_[n] : tail_; }
    std::size_t blocks() const { return full_.size() + (tail_.count() > 0 ? 1 : 0); }

    std::vector<SharedBlock> full_;
    BatchBlock tail_;
    BatchRef first_;  ///< the first one that is not dropped
    std::uint64_t bytes_ = 0;
    std::uint64_t batches_ = 0;
};

}  // namespace klamm::broker
