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
    auto const attributes = int(options.codec) | (options.transactional ? 16 : 0);
    store(batch, 0, options.base_offset);
    store(batch, 8, std::int32_t(batch.size() - 12));
    store(batch, 12, std::int32_t{-1});
    store(batch, 16, std::int8_t{2});
    store(batch, 21, std::int16_t(attributes));
    store(batch, 23, std::int32_t(records.size() - 1));
    store(batch, 27, base_timestamp);
    store(batch, 35, latest->timestamp);
    store(batch, 43, options.producer_id);
    store(batch, 51, options.producer_epoch);
    store(batch, 53, options.base_sequence);
    store(batch, 57, std::int32_t(records.size()));
    store(batch, 17, crc32c(ByteView{batch}.subspan(21)));
    return batch;
}

}  // namespace klamm::records
