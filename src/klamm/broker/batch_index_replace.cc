// broker/batch_index_replace.cc - what moves from the journal to L1, and within L1.
#include "klamm/broker/batch_index.h"

#include <algorithm>
#include <utility>

namespace klamm::broker {
namespace {

std::int64_t base_of(BatchBlock const& block) { return block.first().base_offset; }
std::int64_t last_of(BatchBlock const& block) { return block.last().last_offset; }

/// The places of `block` from `end` on.
BatchBlock rest_of(BatchBlock const& block, std::int64_t end) {
    BatchBlock rest;
    BatchBlock::Reader reader{block};
    while (auto const ref = reader.next())
        if (ref->base_offset >= end) rest.append(*ref);
    return rest;
}

/// Whether `end` lies inside one of the block's places.
bool cut_by(BatchBlock const& block, std::int64_t end) {
    BatchBlock::Reader reader{block};
    while (auto const ref = reader.next())
        if (ref->base_offset < end && ref->last_offset >= end) return true;
    return false;
}

}  // namespace

std::vector<BatchRun> BatchIndex::slice(std::int64_t from, std::int64_t end) const {
    std::vector<BatchRun> all;
    for (auto n = run_of(from); n < count() && base_of(block(n)) < end; ++n)
        all.push_back(n < runs_.size() ? runs_[n]
                                       : BatchRun{{}, std::make_shared<BatchBlock const>(tail_)});
    return all;
}

std::optional<std::int64_t> BatchIndex::end_before(journal::Position cut) const {
    std::optional<std::int64_t> end;
    for (std::size_t n = 0; n < count(); ++n) {
        if (file(n) != journal::FileNumber{}) continue;
        auto const& places = block(n);
        if (places.first().position >= cut) break;
        if (places.last().position < cut) {
            end = last_of(places) + 1;
            continue;
        }
        BatchBlock::Reader reader{places};
        while (auto const ref = reader.next()) {
            if (ref->position >= cut) return end;
            end = ref->last_offset + 1;
        }
    }
    return end;
}

std::uint64_t BatchIndex::bytes_between(std::int64_t from, std::int64_t end) const {
    from = std::max(from, first_.base_offset);
    std::uint64_t bytes = 0;
    for (auto n = run_of(from); n < count() && base_of(block(n)) < end; ++n) {
        if (base_of(block(n)) >= from && last_of(block(n)) < end) {
            bytes += block(n).bytes();
            continue;
        }
        BatchBlock::Reader reader{block(n)};
        while (auto const ref = reader.next())
            if (ref->base_offset >= from && ref->base_offset < end) bytes += ref->bytes;
    }
    return bytes;
}

bool BatchIndex::can_replace(std::int64_t from, std::int64_t end,
                             std::span<BatchRun const> runs) const {
    auto next = from;
    for (auto const& run : runs) {
        if (run.in_journal() || run.block->count() == 0 || base_of(*run.block) < next) return false;
        next = last_of(*run.block) + 1;
    }
    if (from >= end || next > end) return false;
    for (std::size_t n = 0; n < count(); ++n) {
        bool const in_journal = file(n) == journal::FileNumber{};
        auto const& places = block(n);
        bool const before = last_of(places) < from;
        if (before && in_journal) return false;  // it would stand before what is in L1
        if (before) continue;
        // Of the first run what is before first_ is dropped already.
        if ((n == 0 ? first_.base_offset : base_of(places)) < from) return false;
        if (base_of(places) >= end || last_of(places) < end) continue;
        if (!in_journal || cut_by(places, end)) return false;
    }
    return true;
}

std::vector<ReleasedBytes> BatchIndex::replace(std::int64_t from, std::int64_t end,
                                               std::span<BatchRun const> runs,
                                               std::int64_t log_start) {
    std::vector<ReleasedBytes> released;
    std::vector<BatchRun> now;
    bool added = false;
    auto const add_new = [&] {
        if (std::exchange(added, true)) return;
        now.insert(now.end(), runs.begin(), runs.end());
    };
    for (auto const& run : runs_) {
        if (last_of(*run.block) < from) {
            now.push_back(run);
            continue;
        }
        add_new();
        if (base_of(*run.block) >= end)
            now.push_back(run);
        else if (!run.in_journal())
            released.push_back({run.file, run.block->bytes()});
        else if (last_of(*run.block) >= end)
            now.push_back({{}, std::make_shared<BatchBlock const>(rest_of(*run.block, end))});
    }
    add_new();
    if (tail_.count() > 0 && base_of(tail_) < end) tail_ = rest_of(tail_, end);
    runs_ = std::move(now);
    // The last block in the journal is the one that grows, as it is after a restart.
    if (tail_.count() == 0 && !runs_.empty() && runs_.back().in_journal() &&
        !runs_.back().block->full()) {
        tail_ = *runs_.back().block;
        runs_.pop_back();
    }
    recount();
    for (auto const& gone : drop_before(log_start)) released.push_back(gone);
    return released;
}

void BatchIndex::recount() {
    bytes_ = places_ = 0;
    for (std::size_t n = 0; n < count(); ++n) {
        bytes_ += block(n).bytes();
        places_ += block(n).count();
    }
    first_ = empty() ? Placed{} : Placed{block(0).first(), file(0)};
}

}  // namespace klamm::broker
