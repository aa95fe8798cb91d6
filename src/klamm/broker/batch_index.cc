#include "klamm/broker/batch_index.h"

#include "klamm/base/ensure.h"
#include "klamm/broker/varint.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace klamm::broker {
namespace {

/// Arithmetic on numbers that damage may have made: wraps, and the order checks notice.
std::int64_t add(std::int64_t a, std::uint64_t b) { return std::int64_t(std::uint64_t(a) + b); }

bool follows(BatchRef const& ref, BatchRef const& before) {
    return ref.position > before.position && ref.base_offset > before.last_offset &&
           ref.last_offset >= ref.base_offset;
}

}  // namespace

// ---- one block --------------------------------------------------------------------------
//
// A batch after the first: position - position before, bytes, span * 2 + is_odd
// [, gap * 2 + has_skip [, skip]], zigzag(max_timestamp - max_timestamp before). Span is
// last_offset - base_offset, gap is base_offset - (last_offset before + 1); a batch that follows
// the one before it without a gap and fills its entry, as most do, is not odd.

void BatchBlock::append(BatchRef const& ref) {
    ensure(!full());
    if (count_ == 0) {
        first_ = ref;
        max_timestamp_ = ref.max_timestamp;
    } else {
        ensure(follows(ref, last_));
        auto const gap = std::uint64_t(ref.base_offset - last_.last_offset - 1);
        auto const span = std::uint64_t(ref.last_offset - ref.base_offset);
        put_varint(deltas_, std::uint64_t(ref.position) - std::uint64_t(last_.position));
        put_varint(deltas_, ref.bytes);
        bool const odd = gap > 0 || ref.skip > 0;
        put_varint(deltas_, span * 2 + (odd ? 1 : 0));
        if (odd) put_varint(deltas_, gap * 2 + (ref.skip > 0 ? 1 : 0));
        if (ref.skip > 0) put_varint(deltas_, ref.skip);
        put_varint(deltas_, zigzag(std::int64_t(std::uint64_t(ref.max_timestamp) -
                                                std::uint64_t(last_.max_timestamp))));
        max_timestamp_ = std::max(max_timestamp_, ref.max_timestamp);
    }
    last_ = ref;
    bytes_ += ref.bytes;
    if (++count_ == count_max) deltas_.shrink_to_fit();
}

std::optional<BatchRef> BatchBlock::Reader::next() {
    if (read_ >= block_->count_) return std::nullopt;
    if (read_++ == 0) return at_ = block_->first_;
    std::uint64_t distance = 0, bytes = 0, span = 0, gap = 0, skip = 0, timestamp = 0;
    auto const take = [&](std::uint64_t& value) {
        return get_varint(block_->deltas_, byte_, value);
    };
    if (!take(distance) || !take(bytes) || !take(span)) return std::nullopt;
    if ((span & 1) != 0 && !take(gap)) return std::nullopt;
    if ((gap & 1) != 0 && !take(skip)) return std::nullopt;
    if (!take(timestamp)) return std::nullopt;
    at_.position = journal::Position(std::uint64_t(at_.position) + distance);
    at_.bytes = std::uint32_t(bytes);
    at_.skip = std::uint32_t(skip);
    at_.base_offset = add(at_.last_offset, gap / 2 + 1);
    at_.last_offset = add(at_.base_offset, span / 2);
    at_.max_timestamp = add(at_.max_timestamp, std::uint64_t(unzigzag(timestamp)));
    return at_;
}

void BatchBlock::encode(kafka::Writer& w) const {
    w.integer(count_);
    if (count_ == 0) return;
    w.integer(std::uint64_t(first_.position));
    w.integer(first_.skip);
    w.integer(first_.bytes);
    w.integer(first_.base_offset);
    w.integer(first_.last_offset);
    w.integer(first_.max_timestamp);
    w.integer(std::uint32_t(deltas_.size()));
    w.raw(std::as_bytes(std::span{deltas_}));
}

bool BatchBlock::decode(kafka::Reader& in, bool with_skips) {
    *this = {};
    count_ = in.integer<std::uint32_t>();
    if (count_ == 0) return !in.failed();
    first_.position = journal::Position(in.integer<std::uint64_t>());
    if (with_skips) first_.skip = in.integer<std::uint32_t>();
    first_.bytes = in.integer<std::uint32_t>();
    first_.base_offset = in.integer<std::int64_t>();
    first_.last_offset = in.integer<std::int64_t>();
    first_.max_timestamp = in.integer<std::int64_t>();
    auto const deltas = in.take(in.integer<std::uint32_t>());
    if (in.failed() || count_ > count_max || first_.base_offset < 0 ||
        first_.last_offset < first_.base_offset)
        return false;
    deltas_.resize(deltas.size());
    std::transform(deltas.begin(), deltas.end(), deltas_.begin(),
                   [](std::byte b) { return std::uint8_t(b); });
    last_ = first_;
    max_timestamp_ = first_.max_timestamp;
    Reader reader{*this};
    for (std::uint32_t n = 0; n < count_; ++n) {
        auto const ref = reader.next();
        if (!ref || (n > 0 && !follows(*ref, last_))) return false;
        last_ = *ref;
        bytes_ += ref->bytes;
        max_timestamp_ = std::max(max_timestamp_, ref->max_timestamp);
    }
    return reader.at_end() && last_.last_offset < std::numeric_limits<std::int64_t>::max();
}

// ---- all runs of a partition --------------------------------------------------------------

BatchRef const& BatchIndex::last() const {
    ensure(!empty());
    return tail_.count() > 0 ? tail_.last() : runs_.back().block->last();
}

std::optional<BatchRef> BatchIndex::first_in_journal() const {
    if (empty()) return std::nullopt;
    if (first_.in_journal()) return first_;
    auto const run = std::ranges::find_if(runs_, &BatchRun::in_journal);
    if (run != runs_.end()) return run->block->first();
    if (tail_.count() > 0) return tail_.first();
    return std::nullopt;
}

bool BatchIndex::can_append(BatchRef const& ref) const {
    if (ref.base_offset < 0 || ref.last_offset < ref.base_offset) return false;
    if (empty()) return true;
    bool const after_file = tail_.count() == 0 && !runs_.back().in_journal();
    return after_file ? ref.base_offset > last().last_offset : follows(ref, last());
}

void BatchIndex::append(BatchRef const& ref) {
    if (empty()) first_ = {ref, {}};
    tail_.append(ref);
    bytes_ += ref.bytes;
    ++places_;
    if (!tail_.full()) return;
    runs_.push_back({{}, std::make_shared<BatchBlock const>(std::move(tail_))});
    tail_ = {};
}

std::vector<ReleasedBytes> BatchIndex::drop_before(std::int64_t offset) {
    std::vector<ReleasedBytes> released;
    if (empty() || first_.last_offset >= offset) return released;
    auto cursor = from(first_.base_offset);
    auto ref = cursor.next();
    for (; ref && ref->last_offset < offset; ref = cursor.next()) {
        bytes_ -= ref->bytes;
        --places_;
    }
    if (!ref) {
        released = in_files();
        *this = {};
        return released;
    }
    first_ = *ref;
    auto const kept = std::ranges::find_if_not(
        runs_, [&](BatchRun const& run) { return run.block->last().last_offset < offset; });
    for (auto run = runs_.begin(); run != kept; ++run)
        if (!run->in_journal()) released.push_back({run->file, run->block->bytes()});
    runs_.erase(runs_.begin(), kept);
    return released;
}

std::vector<ReleasedBytes> BatchIndex::in_files() const {
    std::vector<ReleasedBytes> all;
    for (auto const& run : runs_)
        if (!run.in_journal()) all.push_back({run.file, run.block->bytes()});
    return all;
}

BatchIndex::Cursor::Cursor(BatchIndex const& index, std::size_t run)
    : index_(&index), run_(run), reader_(index.block(run)) {}

void BatchIndex::Cursor::settle(std::int64_t offset) {
    do {
        ahead_ = reader_.next();
    } while (ahead_ && ahead_->last_offset < offset);
}

std::optional<Placed> BatchIndex::Cursor::next() {
    if (!ahead_) {
        ahead_ = reader_.next();
        while (!ahead_ && run_ + 1 < index_->count()) {
            reader_ = BatchBlock::Reader{index_->block(++run_)};
            ahead_ = reader_.next();
        }
    }
    if (!ahead_) return std::nullopt;
    return Placed{*std::exchange(ahead_, std::nullopt), index_->file(run_)};
}

/// The first run that ends at or after `offset`.
std::size_t BatchIndex::run_of(std::int64_t offset) const {
    std::size_t low = 0, high = count();
    while (low < high) {
        auto const middle = (low + high) / 2;
        if (block(middle).last().last_offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

BatchIndex::Cursor BatchIndex::from(std::int64_t offset) const {
    offset = std::max(offset, first_.base_offset);
    auto const run = run_of(offset);
    Cursor cursor{*this, run};
    if (run < count()) cursor.settle(offset);
    return cursor;
}

std::optional<Placed> BatchIndex::find_timestamp(std::int64_t timestamp) const {
    for (std::size_t n = 0; n < count(); ++n) {
        if (block(n).max_timestamp() < timestamp) continue;
        BatchBlock::Reader reader{block(n)};
        while (auto const ref = reader.next()) {
            if (ref->max_timestamp >= timestamp && ref->base_offset >= first_.base_offset)
                return Placed{*ref, file(n)};
        }
    }
    return std::nullopt;
}

std::optional<Placed> BatchIndex::find_latest(std::int64_t end, std::int64_t from) const {
    from = std::max(from, first_.base_offset);
    std::optional<Placed> best;
    for (std::size_t n = 0; n < count(); ++n) {
        if (best && block(n).max_timestamp() <= best->max_timestamp) continue;
        BatchBlock::Reader reader{block(n)};
        while (auto const ref = reader.next()) {
            if (ref->base_offset < from || ref->base_offset >= end) continue;
            if (!best || ref->max_timestamp > best->max_timestamp) best = Placed{*ref, file(n)};
        }
    }
    return best;
}

bool BatchIndex::restore(journal::FileNumber file, BatchBlock block) {
    if (block.count() == 0) return true;
    bool const in_journal = file == journal::FileNumber{};
    if (tail_.count() > 0) {  // it was not the last one after all
        if (!in_journal) return false;
        runs_.push_back({{}, std::make_shared<BatchBlock const>(std::exchange(tail_, {}))});
    }
    if (!empty()) {
        bool const was_in_journal = runs_.back().in_journal();
        if (was_in_journal && !in_journal) return false;
        if (block.first().base_offset <= last().last_offset) return false;
        if (was_in_journal && block.first().position <= last().position) return false;
    } else {
        first_ = {block.first(), file};
    }
    bytes_ += block.bytes();
    places_ += block.count();
    if (!in_journal || block.full())
        runs_.push_back({file, std::make_shared<BatchBlock const>(std::move(block))});
    else
        tail_ = std::move(block);
    return true;
}

bool BatchIndex::operator==(BatchIndex const& other) const {
    return runs_ == other.runs_ && tail_ == other.tail_ && first_ == other.first_ &&
           bytes_ == other.bytes_ && places_ == other.places_;
}

}  // namespace klamm::broker
