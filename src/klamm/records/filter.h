// records/filter.h - a stored batch with some of its records left out.
//
// What stays keeps its bytes, offset and timestamp; the batch keeps its base offset, its last
// offset, its producer, epoch and sequence, and its codec. So readers that had come to any offset
// go on from there, and nothing that a consumer sees of a record changes.
#pragma once

#include "klamm/records/batch.h"
#include "klamm/records/record.h"

#include <functional>

namespace klamm::records {

/// A record with its absolute offset.
using VisitRecord = std::function<bool(RecordView const&, std::int64_t offset)>;

struct Filtered {
    std::int32_t records_before = 0;
    std::int32_t records_after = 0;
    Bytes batch;  ///< empty when nothing is left, and when all is: then the old bytes serve
};

/// Asks `keep` for each record, in order.
[[nodiscard]] std::expected<Filtered, BatchError> filter(ByteView batch, VisitRecord const& keep,
                                                         CheckLimits limits = {});

/// Shows each record until `visit` says false. True when it came to the end.
[[nodiscard]] std::expected<bool, BatchError> visit_records(ByteView batch,
                                                            VisitRecord const& visit,
                                                            CheckLimits limits = {});

/// All complete batches in `bytes`, one behind the other, until `visit` says false; the error is
/// about the first one that is none.
[[nodiscard]] std::expected<void, BatchError> visit_batches(
    ByteView bytes, std::function<bool(ByteView batch, BatchInfo const&)> const& visit);

}  // namespace klamm::records
