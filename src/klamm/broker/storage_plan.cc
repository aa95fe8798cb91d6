#include "klamm/broker/storage_plan.h"

#include <algorithm>
#include <set>

namespace klamm::broker {
namespace {

/// Parts of one job; each costs the entry about a hundred bytes.
constexpr std::size_t parts_max = 50'000;
/// Fewer small files than this may stay.
constexpr std::size_t small_files_max = 64;
constexpr std::size_t small_files_together_min = 8;

/// A block of batches in the journal.
struct Piece {
    journal::Position first{};
    BatchBlock const* block = nullptr;
};

void add_pieces(BatchIndex const& batches, journal::Position cut, std::vector<Piece>& pieces) {
    auto const add = [&](BatchBlock const& block) {
        if (block.count() > 0 && block.first().position < cut)
            pieces.push_back({block.first().position, &block});
    };
    for (auto const& run : batches.runs())
        if (run.in_journal()) add(*run.block);
    add(batches.tail());
}

/// The position in a block behind as many batches as fit into `bytes_max`, one at least.
journal::Position cut_inside(BatchBlock const& block, std::uint64_t bytes_max) {
    BatchBlock::Reader reader{block};
    std::uint64_t bytes = 0;
    while (auto const ref = reader.next()) {
        if (bytes > 0 && bytes + ref->bytes > bytes_max) return ref->position;
        bytes += ref->bytes;
    }
    return journal::Position(std::uint64_t(block.last().position) + 1);
}

/// Where to stop so that about `bytes_max` are before it.
journal::Position fitting_cut(std::vector<Piece>& pieces, journal::Position cut,
                              std::uint64_t bytes_max) {
    std::ranges::sort(pieces, {}, &Piece::first);
    std::uint64_t bytes = 0;
    for (std::size_t n = 0; n < pieces.size(); ++n) {
        auto const& piece = pieces[n];
        bytes += piece.block->bytes();
        if (bytes <= bytes_max && n < parts_max) continue;
        return std::min(cut, n > 0 ? piece.first : cut_inside(*piece.block, bytes_max));
    }
    return cut;
}

StoragePart part_of(Partition const& partition, std::int64_t from, std::int64_t end) {
    return {partition.key, from, end, partition.log_start, partition.batches.slice(from, end)};
}

template <class Visit>
void for_each_partition(State const& state, Avoided const& avoided, Visit&& visit) {
    for (auto const& [name, topic] : state.topics)
        for (auto const& partition : topic.partitions)
            if (!partition->batches.empty() && !avoided(*partition)) visit(*partition);
}

void sort(std::vector<StoragePart>& parts) {
    std::ranges::sort(parts, {}, [](StoragePart const& part) {
        return std::pair{part.partition, part.from};
    });
}

/// Which files to write anew.
std::set<journal::FileNumber> files_to_repack(L1Files const& files, std::uint64_t bytes_max,
                                              std::uint64_t own_file_bytes) {
    std::set<journal::FileNumber> chosen;
    std::uint64_t bytes = 0;
    auto const choose = [&](journal::FileNumber number, L1Files::File const& file) {
        if (bytes + file.needed > bytes_max || !chosen.insert(number).second) return;
        bytes += file.needed;
    };
    auto const is_small = [&](L1Files::File const& file) {
        return file.stored < own_file_bytes / 4;
    };
    std::size_t small = 0;
    for (auto const& [number, file] : files.all()) {
        if (file.needed * 2 < file.stored) choose(number, file);
        if (is_small(file)) ++small;
    }
    if (small <= small_files_max) return chosen;
    auto const sparse = chosen;
    for (auto const& [number, file] : files.all())
        if (is_small(file)) choose(number, file);
    // A few into one would not be worth it, and one into one would never end.
    if (chosen.size() < sparse.size() + small_files_together_min) return sparse;
    return chosen;
}

}  // namespace

std::vector<StoragePart> parts_to_merge(State const& state, journal::Position cut,
                                        std::uint64_t bytes_max, Avoided const& avoided) {
    std::vector<Piece> pieces;
    for_each_partition(state, avoided, [&](Partition const& partition) {
        add_pieces(partition.batches, cut, pieces);
    });
    cut = fitting_cut(pieces, cut, bytes_max);
    std::vector<StoragePart> parts;
    for_each_partition(state, avoided, [&](Partition const& partition) {
        auto const first = partition.batches.first_in_journal();
        if (!first || first->position >= cut) return;
        if (auto const end = partition.batches.end_before(cut))
            parts.push_back(part_of(partition, first->base_offset, *end));
    });
    sort(parts);
    return parts;
}

std::vector<StoragePart> parts_to_repack(State const& state, std::uint64_t bytes_max,
                                         std::uint64_t own_file_bytes, Avoided const& avoided) {
    std::vector<StoragePart> parts;
    auto const files = files_to_repack(state.files, bytes_max, own_file_bytes);
    if (files.empty()) return parts;
    for_each_partition(state, avoided, [&](Partition const& partition) {
        StoragePart part;
        auto const flush = [&] {
            if (!part.runs.empty() && parts.size() < parts_max) parts.push_back(part);
            part.runs.clear();
        };
        for (auto const& run : partition.batches.runs()) {
            if (run.in_journal()) break;
            if (!files.contains(run.file)) {
                flush();
                continue;
            }
            if (part.runs.empty())
                part = {partition.key, run.block->first().base_offset, 0, partition.log_start, {}};
            part.end = run.block->last().last_offset + 1;
            part.runs.push_back(run);
        }
        flush();
    });
    sort(parts);
    return parts;
}

StoragePart group_to_compact(Partition const& partition, std::int64_t from, std::int64_t end,
                             std::uint64_t bytes_max) {
    std::uint64_t bytes = 0;
    auto group_end = from;
    bool full = false;
    auto const take = [&](std::uint64_t more, std::int64_t last_offset) {
        full = full || (bytes > 0 && bytes + more > bytes_max);
        if (full) return;
        bytes += more;
        group_end = last_offset + 1;
    };
    for (auto const& run : partition.batches.slice(from, end)) {
        if (!run.in_journal()) {
            take(run.block->bytes(), run.block->last().last_offset);
            continue;
        }
        BatchBlock::Reader reader{*run.block};
        while (auto const ref = reader.next()) {
            if (ref->last_offset < from) continue;
            full = full || ref->last_offset >= end;
            take(ref->bytes, ref->last_offset);
        }
    }
    if (group_end == from) return {};
    // A pass begins where the log does, perhaps inside the first place.
    auto const first = partition.batches.from(from).next()->base_offset;
    return part_of(partition, std::min(from, first), group_end);
}

}  // namespace klamm::broker
