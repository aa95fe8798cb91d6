// records/build.cc - batches from records.
#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/records/batch.h"
#include "klamm/records/wire.h"

#include <algorithm>

namespace klamm::records {
namespace {

void put_nullable(Bytes& out, std::optional<Bytes> const& bytes) {
    put_varlong(out, bytes ? std::int64_t(bytes->size()) : -1);
    if (bytes) put_bytes(out, *bytes);
}

/// Writes one record behind `out`; `scratch` is reused so that a batch costs few allocations.
void put_record(Bytes& out, Bytes& scratch, Record const& record, std::int64_t timestamp_delta,
                std::int64_t offset_delta) {
    scratch.clear();
    scratch.push_back(std::byte{0});  // attributes
    put_varlong(scratch, timestamp_delta);
    put_varlong(scratch, offset_delta);
    put_nullable(scratch, record.key);
    put_nullable(scratch, record.value);
    put_varlong(scratch, std::int64_t(record.headers.size()));
    for (auto const& header : record.headers) {
        put_varlong(scratch, std::int64_t(header.key.size()));
        put_bytes(scratch, std::as_bytes(std::span{header.key}));
        put_nullable(scratch, header.value);
    }
    put_varlong(out, std::int64_t(scratch.size()));
    put_bytes(out, scratch);
}

/// Fills in the header of `batch`, whose records stand behind it already.
void put_header(Bytes& batch, BatchInfo const& info) {
    store(batch, 0, info.base_offset);
    store(batch, 8, std::int32_t(batch.size() - 12));
    store(batch, 12, info.leader_epoch);
    store(batch, 16, std::int8_t{2});
    store(batch, 21, info.attributes);
    store(batch, 23, info.last_offset_delta);
    store(batch, 27, info.base_timestamp);
    store(batch, 35, info.max_timestamp);
    store(batch, 43, info.producer_id);
    store(batch, 51, info.producer_epoch);
    store(batch, 53, info.base_sequence);
    store(batch, 57, info.records_count);
    store(batch, 17, crc32c(ByteView{batch}.subspan(21)));
}

}  // namespace

Bytes build(std::vector<Record> const& records, BatchOptions const& options) {
    ensure(!records.empty());
    auto const base_timestamp = records.front().timestamp;
    auto const latest = std::ranges::max_element(records, {}, &Record::timestamp);

    Bytes plain, scratch;
    for (std::size_t i = 0; i < records.size(); ++i)
        put_record(plain, scratch, records[i], records[i].timestamp - base_timestamp,
                   std::int64_t(i));
    if (options.codec != Codec::none) plain = compress(options.codec, plain);

    Bytes batch(batch_header_bytes);
    put_bytes(batch, plain);
    put_header(batch,
               {.base_offset = options.base_offset,
                .leader_epoch = -1,
                .attributes = std::int16_t(int(options.codec) | (options.transactional ? 16 : 0)),
                .last_offset_delta = std::int32_t(records.size() - 1),
                .base_timestamp = base_timestamp,
                .max_timestamp = latest->timestamp,
                .producer_id = options.producer_id,
                .producer_epoch = options.producer_epoch,
                .base_sequence = options.base_sequence,
                .records_count = std::int32_t(records.size())});
    return batch;
}

// The record of a marker. Source: https://kafka.apache.org/documentation/#controlbatch
//
//   key:    version int16 0 | type int16: 0 abort, 1 commit
//   value:  version int16 0 | coordinator_epoch int32 0: there is one coordinator, always the same
Bytes build(EndMarker const& marker) {
    constexpr std::int16_t transactional_and_control = 16 | 32;
    Record record{.offset = 0, .timestamp = 0, .key = Bytes(4), .value = Bytes(6), .headers = {}};
    store(*record.key, 2, std::int16_t(marker.committed ? 1 : 0));
    Bytes batch(batch_header_bytes), scratch;
    put_record(batch, scratch, record, 0, 0);
    put_header(batch, {.base_offset = marker.base_offset,
                       .leader_epoch = marker.leader_epoch,
                       .attributes = transactional_and_control,
                       .last_offset_delta = 0,
                       .base_timestamp = marker.timestamp,
                       .max_timestamp = marker.timestamp,
                       .producer_id = marker.producer_id,
                       .producer_epoch = marker.producer_epoch,
                       .base_sequence = -1,
                       .records_count = 1});
    ensure(batch.size() == end_marker_bytes);
    return batch;
}

std::expected<EndMarker, BatchError> read_end_marker(ByteView batch) {
    constexpr std::size_t type_at = batch_header_bytes + 8;  // its low byte
    auto const header = read_header(batch);
    if (!header) return std::unexpected(header.error());
    if (batch.size() != end_marker_bytes)
        return std::unexpected(
            BatchError{BatchError::Kind::corrupt, "a marker of another length than expected"});
    EndMarker const marker{.committed = batch[type_at] == std::byte{1},
                           .producer_id = header->producer_id,
                           .producer_epoch = header->producer_epoch,
                           .base_offset = header->base_offset,
                           .leader_epoch = header->leader_epoch,
                           .timestamp = header->max_timestamp};
    if (!std::ranges::equal(build(marker), batch))
        return std::unexpected(
            BatchError{BatchError::Kind::corrupt, "a marker that is not as markers are written"});
    return marker;
}

}  // namespace klamm::records
