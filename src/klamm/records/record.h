// records/record.h - one record inside a batch, viewed where it lies.
//
//   length           varint   of all that follows
//   attributes       1        unused
//   timestamp_delta  varlong  to the batch's base_timestamp
//   offset_delta     varint   to the batch's base_offset
//   key              varint length (-1: null), bytes
//   value            varint length (-1: null), bytes
//   headers          varint count, then each: key (length, bytes), value (as above)
//
// Source: https://kafka.apache.org/documentation/#record
#pragma once

#include "klamm/records/wire.h"

#include <optional>

namespace klamm::records {

struct RecordView {
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    std::int32_t headers_count = 0;
    ByteView headers;  ///< already known to hold exactly `headers_count` of them
};

struct HeaderView {
    ByteView key;
    std::optional<ByteView> value;
};

/// Null for length -1. A length below that is a failure of `in`.
std::optional<ByteView> take_nullable(VarintReader& in);
HeaderView take_header(VarintReader& in);
/// The next record. A malformed one, or one whose fields do not fill its length exactly, is a
/// failure of `in`. Allocates nothing.
RecordView take_record(VarintReader& in);

}  // namespace klamm::records
