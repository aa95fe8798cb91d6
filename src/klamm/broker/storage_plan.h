// broker/storage_plan.h - which parts of which partitions a job of background work takes.
#pragma once

#include "klamm/broker/state.h"
#include "klamm/broker/storage_job.h"

#include <functional>

namespace klamm::broker {

/// Partitions that are left alone for now.
using Avoided = std::function<bool(Partition const&)>;

/// The oldest batches in the journal before `cut`, of all partitions, together about `bytes_max`.
std::vector<StoragePart> parts_to_merge(State const& state, journal::Position cut,
                                        std::uint64_t bytes_max, Avoided const& avoided);

/// What is needed of files that are mostly not needed any more, and of small files when there are
/// many: together at most `bytes_max`.
std::vector<StoragePart> parts_to_repack(State const& state, std::uint64_t bytes_max,
                                         std::uint64_t own_file_bytes, Avoided const& avoided);

/// The next group of a pass over [.., end): whole runs of L1 and batches in the journal from `from`
/// on. No runs: there is nothing left.
StoragePart group_to_compact(Partition const& partition, std::int64_t from, std::int64_t end,
                             std::uint64_t bytes_max);

}  // namespace klamm::broker
