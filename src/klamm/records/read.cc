// records/read.cc - records as values, and looked up by time.
#include "klamm/records/batch.h"
#include "klamm/records/contents.h"

namespace klamm::records {
namespace {

std::optional<Bytes> copy(std::optional<ByteView> bytes) {
    if (!bytes) return std::nullopt;
    return Bytes(bytes->begin(), bytes->end());
}

Record copy(RecordView const& view, std::int64_t offset, std::int64_t timestamp) {
    Record record{offset, timestamp, copy(view.key), copy(view.value), {}};
    VarintReader headers{view.headers};
    for (auto left = view.headers_count; left > 0; --left) {
        auto const header = take_header(headers);
        record.headers.push_back(
            {std::string(reinterpret_cast<char const*>(header.key.data()), header.key.size()),
             copy(header.value)});
    }
    return record;
}

/// Opens the batch at the front of `bytes` and visits its records.
template <class Visit>
std::expected<void, BatchError> visit_batch(ByteView bytes, CheckLimits limits, Visit&& visit) {
    auto const info = read_header(bytes);
    if (!info) return std::unexpected(info.error());
    auto const contents = Contents::open(bytes.first(std::size_t(info->bytes)), *info, limits);
    if (!contents) return std::unexpected(contents.error());
    return for_each(contents->view(), *info, visit);
}

}  // namespace

std::expected<std::vector<Record>, BatchError> read_records(ByteView batch, CheckLimits limits) {
    std::vector<Record> records;
    auto walked = visit_batch(batch, limits, [&](RecordView const& view, auto offset, auto time) {
        records.push_back(copy(view, offset, time));
        return true;
    });
    if (!walked) return std::unexpected(std::move(walked.error()));
    return records;
}

std::expected<std::optional<OffsetAndTimestamp>, BatchError> find_by_timestamp(
    ByteView batch, std::int64_t timestamp) {
    std::optional<OffsetAndTimestamp> found;
    auto walked = visit_batch(batch, {}, [&](RecordView const&, auto offset, auto time) {
        if (time >= timestamp) found = OffsetAndTimestamp{offset, time};
        return !found;
    });
    if (!walked) return std::unexpected(std::move(walked.error()));
    return found;
}

std::expected<OffsetAndTimestamp, BatchError> find_latest(ByteView batch) {
    std::optional<OffsetAndTimestamp> latest;
    auto walked = visit_batch(batch, {}, [&](RecordView const&, auto offset, auto time) {
        if (!latest || time > latest->timestamp) latest = OffsetAndTimestamp{offset, time};
        return true;
    });
    if (!walked) return std::unexpected(std::move(walked.error()));
    if (!latest) return refuse(BatchError::Kind::invalid, "a batch without records");
    return *latest;
}

}  // namespace klamm::records
