#include "klamm/records/filter.h"

#include "klamm/base/crc32c.h"
#include "klamm/records/contents.h"
#include "klamm/records/wire.h"

#include <algorithm>
#include <limits>

namespace klamm::records {
namespace {

constexpr std::int64_t no_timestamp = std::numeric_limits<std::int64_t>::min();

/// The records that stay, as bytes, and their largest timestamp.
struct Kept {
    Bytes bytes;
    std::int32_t count = 0;
    std::int64_t max_timestamp = no_timestamp;
};

std::expected<Kept, BatchError> choose(ByteView contents, BatchInfo const& info,
                                       VisitRecord const& keep) {
    Kept kept;
    auto at = contents;  // from the record that is being visited on
    auto walked = for_each(contents, info, [&](RecordView const& record, auto offset, auto time) {
        VarintReader length{at};
        auto const body = std::size_t(length.varint());
        auto const whole = at.size() - length.bytes_left() + body;
        if (keep(record, offset)) {
            put_bytes(kept.bytes, at.first(whole));
            ++kept.count;
            kept.max_timestamp = std::max(kept.max_timestamp, time);
        }
        at = at.subspan(whole);
        return true;
    });
    if (!walked) return std::unexpected(std::move(walked.error()));
    return kept;
}

/// The header of `old` in front of what was kept.
Bytes assemble(ByteView old, BatchInfo const& info, Kept const& kept) {
    Bytes batch(old.begin(), old.begin() + batch_header_bytes);
    put_bytes(batch, info.codec() == Codec::none ? kept.bytes : compress(info.codec(), kept.bytes));
    store(batch, 8, std::int32_t(batch.size() - 12));
    if (!info.log_append_time()) store(batch, 35, kept.max_timestamp);
    store(batch, 57, kept.count);
    store(batch, 17, crc32c(ByteView{batch}.subspan(21)));
    return batch;
}

}  // namespace

std::expected<Filtered, BatchError> filter(ByteView batch, VisitRecord const& keep,
                                           CheckLimits limits) {
    auto const info = check_stored(batch);
    if (!info) return std::unexpected(info.error());
    auto const contents = Contents::open(batch, *info, limits);
    if (!contents) return std::unexpected(contents.error());
    auto const kept = choose(contents->view(), *info, keep);
    if (!kept) return std::unexpected(kept.error());
    Filtered filtered{info->records_count, kept->count, {}};
    if (kept->count > 0 && kept->count < info->records_count)
        filtered.batch = assemble(batch, *info, *kept);
    return filtered;
}

std::expected<bool, BatchError> visit_records(ByteView batch, VisitRecord const& visit,
                                              CheckLimits limits) {
    auto const info = read_header(batch);
    if (!info) return std::unexpected(info.error());
    auto const contents = Contents::open(batch.first(std::size_t(info->bytes)), *info, limits);
    if (!contents) return std::unexpected(contents.error());
    bool whole = true;
    auto walked = for_each(
        contents->view(), *info,
        [&](RecordView const& record, auto offset, auto) { return whole = visit(record, offset); });
    if (!walked) return std::unexpected(std::move(walked.error()));
    return whole;
}

std::expected<void, BatchError> visit_batches(
    ByteView bytes, std::function<bool(ByteView batch, BatchInfo const&)> const& visit) {
    while (!bytes.empty()) {
        auto const info = read_header(bytes);
        if (!info) return std::unexpected(info.error());
        if (!visit(bytes.first(std::size_t(info->bytes)), *info)) return {};
        bytes = bytes.subspan(std::size_t(info->bytes));
    }
    return {};
}

}  // namespace klamm::records
