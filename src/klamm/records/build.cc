// records/build.cc - batches from records.
#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/records/batch_builder.h"
#include "klamm/records/wire.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace klamm::records {
namespace {

constexpr std::size_t bytes_of(std::int64_t value) {
    auto raw = (std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63);
    std::size_t bytes = 1;
    for (; raw >= 0x80; raw >>= 7) ++bytes;
    return bytes;
}

std::size_t bytes_of(std::optional<ByteView> const& bytes) {
    return bytes ? bytes_of(std::int64_t(bytes->size())) + bytes->size() : 1;
}

std::optional<ByteView> view(std::optional<Bytes> const& bytes) {
    if (!bytes) return std::nullopt;
    return ByteView{*bytes};
}

std::int64_t headers_of(RecordParts const& record) {
    return std::int64_t(record.headers.size()) + record.more_headers_count;
}

/// What follows the length.
std::size_t bytes_of(RecordParts const& record, std::int64_t timestamp_delta,
                     std::int64_t offset_delta) {
    auto bytes = 1 + bytes_of(timestamp_delta) + bytes_of(offset_delta) + bytes_of(record.key) +
                 bytes_of(record.value) + bytes_of(headers_of(record)) + record.more_headers.size();
    for (auto const& header : record.headers)
        bytes += bytes_of(std::optional{header.key}) + bytes_of(header.value);
    return bytes;
}

/// Writes into room that was made before.
class Pen {
public:
    explicit Pen(std::byte* at) : at_(at) {}

    void byte(std::byte value) { *at_++ = value; }
    void varlong(std::int64_t value) {
        write_varlong(value, [this](std::byte next) { byte(next); });
    }
    void bytes(ByteView from) {
        if (!from.empty()) std::memcpy(at_, from.data(), from.size());
        at_ += from.size();
    }
    void nullable(std::optional<ByteView> const& from) {
        varlong(from ? std::int64_t(from->size()) : -1);
        if (from) bytes(*from);
    }
    std::byte const* at() const { return at_; }

private:
    std::byte* at_;
};

/// Writes one record behind `out`.
void put_record(Bytes& out, RecordParts const& record, std::int64_t timestamp_delta,
                std::int64_t offset_delta) {
    auto const size = bytes_of(record, timestamp_delta, offset_delta);
    auto const begin = out.size();
    out.resize(begin + bytes_of(std::int64_t(size)) + size);
    Pen pen(out.data() + begin);
    pen.varlong(std::int64_t(size));
    pen.byte(std::byte{0});  // attributes
    pen.varlong(timestamp_delta);
    pen.varlong(offset_delta);
    pen.nullable(record.key);
    pen.nullable(record.value);
    pen.varlong(headers_of(record));
    for (auto const& header : record.headers) {
        pen.nullable(header.key);
        pen.nullable(header.value);
    }
    pen.bytes(record.more_headers);
    ensure(pen.at() == out.data() + out.size());
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

void BatchBuilder::add(RecordParts const& record) {
    if (count_ == 0) {
        bytes_.resize(batch_header_bytes);
        base_timestamp_ = max_timestamp_ = record.timestamp;
    }
    put_record(bytes_, record, record.timestamp - base_timestamp_, count_);
    max_timestamp_ = std::max(max_timestamp_, record.timestamp);
    ++count_;
}

std::size_t BatchBuilder::bytes_with(RecordParts const& record) const {
    auto const at = std::max(bytes_.size(), batch_header_bytes);
    auto const base = count_ == 0 ? record.timestamp : base_timestamp_;
    auto const more = bytes_of(record, record.timestamp - base, count_);
    return at + bytes_of(std::int64_t(more)) + more;
}

Bytes BatchBuilder::finish(BatchOptions const& options) {
    ensure(count_ > 0);
    auto batch = std::exchange(bytes_, {});
    if (options.codec != Codec::none) {
        auto const packed = compress(options.codec, ByteView{batch}.subspan(batch_header_bytes));
        batch.resize(batch_header_bytes);
        put_bytes(batch, packed);
    }
    auto const count = std::exchange(count_, 0);
    put_header(batch,
               {.base_offset = options.base_offset,
                .leader_epoch = -1,
                .attributes = std::int16_t(int(options.codec) | (options.transactional ? 16 : 0)),
                .last_offset_delta = count - 1,
                .base_timestamp = base_timestamp_,
                .max_timestamp = max_timestamp_,
                .producer_id = options.producer_id,
                .producer_epoch = options.producer_epoch,
                .base_sequence = options.base_sequence,
                .records_count = count});
    return batch;
}

Bytes build(std::vector<Record> const& records, BatchOptions const& options) {
    BatchBuilder builder;
    std::vector<HeaderView> headers;
    for (auto const& record : records) {
        headers.clear();
        for (auto const& header : record.headers)
            headers.push_back({std::as_bytes(std::span{header.key}), view(header.value)});
        builder.add({.timestamp = record.timestamp,
                     .key = view(record.key),
                     .value = view(record.value),
                     .headers = headers});
    }
    return builder.finish(options);
}

// The record of a marker. Source: https://kafka.apache.org/documentation/#controlbatch
//
//   key:    version int16 0 | type int16: 0 abort, 1 commit
//   value:  version int16 0 | coordinator_epoch int32 0: there is one coordinator, always the same
Bytes build(EndMarker const& marker) {
    constexpr std::int16_t transactional_and_control = 16 | 32;
    Bytes key(4);
    Bytes const value(6);
    store(key, 2, std::int16_t(marker.committed ? 1 : 0));
    Bytes batch(batch_header_bytes);
    put_record(batch, {.timestamp = 0, .key = key, .value = value, .headers = {}}, 0, 0);
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
