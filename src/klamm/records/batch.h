// records/batch.h - record batches, format 2: read, checked, patched and built.
//
// Source: https://kafka.apache.org/documentation/#recordbatch
//
//    0  base_offset            8   patched by the broker; not covered by the CRC
//    8  batch_length           4   bytes that follow this field
//   12  partition_leader_epoch 4   patched by the broker; not covered by the CRC
//   16  magic                  1   2
//   17  crc                    4   CRC-32C of all that follows
//   21  attributes             2   bits 0-2 codec, 3 log append time, 4 transactional, 5 control
//   23  last_offset_delta      4
//   27  base_timestamp         8
//   35  max_timestamp          8
//   43  producer_id            8
//   51  producer_epoch         2
//   53  base_sequence          4
//   57  records_count          4
//   61  records                    compressed together when there is a codec
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/records/compression.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klamm::records {

inline constexpr std::size_t batch_header_bytes = 61;

/// What the first 61 bytes say.
struct BatchInfo {
    std::int64_t base_offset = 0;
    std::int32_t bytes = 0;  ///< of the whole batch, length field included
    std::int32_t leader_epoch = -1;
    std::int16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    std::int64_t base_timestamp = -1;
    std::int64_t max_timestamp = -1;
    std::int64_t producer_id = -1;  ///< -1: not idempotent
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int32_t records_count = 0;
    std::uint32_t crc = 0;
    /// Counted from 0; -1: every record has a key. Known to check() alone, which reads them.
    std::int32_t first_keyless = -1;

    Codec codec() const { return Codec(attributes & 7); }
    bool log_append_time() const { return (attributes & 8) != 0; }
    bool transactional() const { return (attributes & 16) != 0; }
    bool control() const { return (attributes & 32) != 0; }
    std::int64_t last_offset() const { return base_offset + last_offset_delta; }
    std::int64_t next_offset() const { return last_offset() + 1; }
    bool operator==(BatchInfo const&) const = default;
};

/// Why a batch is refused, in classes that are different errors to the client.
struct BatchError {
    enum class Kind : std::uint8_t {
        corrupt,             ///< CRC, length or structure: CORRUPT_MESSAGE
        unsupported_format,  ///< magic 0 or 1: UNSUPPORTED_FOR_MESSAGE_FORMAT
        unsupported_codec,   ///< UNSUPPORTED_COMPRESSION_TYPE
        invalid,             ///< counts, offsets, timestamps that contradict: INVALID_RECORD
        too_large,           ///< decompresses to more than the limit: MESSAGE_TOO_LARGE
    };
    Kind kind{};
    std::string why;  ///< a sentence that names the field, what it holds and what was expected
};

/// Reads the header alone. The error names what does not fit. Requires nothing of `bytes`, which
/// may go on behind the batch.
[[nodiscard]] std::expected<BatchInfo, BatchError> read_header(ByteView bytes);

struct CheckLimits {
    std::size_t decompressed_bytes_max = 64 * 1024 * 1024;
};

/// Checks everything a consumer will rely on, as a client sends it: exactly one batch, CRC,
/// codec, counts, dense offset deltas from 0, every record and header readable to the last byte,
/// no control batch. In the result `base_offset` is 0, whatever the client wrote there, and
/// `max_timestamp` is the records' own (see mend_max_timestamp). Without a codec it allocates
/// nothing; with one, what decompress() says.
[[nodiscard]] std::expected<BatchInfo, BatchError> check(ByteView batch, CheckLimits limits = {});

/// The records that have no key, counted from 0; the first `limit` of them. Requires that check()
/// took the batch.
std::vector<std::int32_t> keyless(ByteView batch, std::size_t limit);

/// Checks a batch that was accepted before: header and CRC, which vouch for the rest.
[[nodiscard]] std::expected<BatchInfo, BatchError> check_stored(ByteView batch);

/// Writes the fields that the CRC does not cover.
void patch_offset(std::span<std::byte> batch, std::int64_t base_offset, std::int32_t leader_epoch);
/// Turns the batch into one with log append time `wall_ms`, and mends its CRC.
void patch_log_append_time(std::span<std::byte> batch, std::int64_t wall_ms);
/// Some clients write a max_timestamp that their records do not have; as Kafka does, put the
/// right one in place, with a new CRC. `checked` is what check() returned for these bytes.
/// Costs nothing when the header was right.
void mend_max_timestamp(std::span<std::byte> batch, BatchInfo& checked);

struct Header {
    std::string key;
    std::optional<Bytes> value;
    bool operator==(Header const&) const = default;
};

struct Record {
    std::int64_t offset = 0;     ///< reading: absolute. Building: ignored; counted up from 0.
    std::int64_t timestamp = 0;  ///< milliseconds since 1970
    std::optional<Bytes> key;
    std::optional<Bytes> value;  ///< null: a tombstone
    std::vector<Header> headers;
    bool operator==(Record const&) const = default;
};

/// All records of one batch. Bounded by `limits`. Checks as it goes; never trusts a count.
[[nodiscard]] std::expected<std::vector<Record>, BatchError> read_records(ByteView batch,
                                                                          CheckLimits limits = {});

struct BatchOptions {
    Codec codec = Codec::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t base_sequence = -1;
    std::int64_t base_offset = 0;
    bool transactional = false;
};

/// A batch of `records`, which must not be empty.
Bytes build(std::vector<Record> const& records, BatchOptions const& options = {});

/// How a transaction ended, for those who read its partition: a control batch of one record.
struct EndMarker {
    bool committed = false;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int64_t base_offset = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t timestamp = 0;
    bool operator==(EndMarker const&) const = default;
};
inline constexpr std::size_t end_marker_bytes = 78;
/// Always end_marker_bytes long.
Bytes build(EndMarker const& marker);
/// What build() wrote. The error says what is not like it.
[[nodiscard]] std::expected<EndMarker, BatchError> read_end_marker(ByteView batch);

struct OffsetAndTimestamp {
    std::int64_t offset = -1;
    std::int64_t timestamp = -1;
    bool operator==(OffsetAndTimestamp const&) const = default;
};

/// The first record at or after `timestamp`; none when all are earlier.
[[nodiscard]] std::expected<std::optional<OffsetAndTimestamp>, BatchError> find_by_timestamp(
    ByteView batch, std::int64_t timestamp);
/// The first record that has the largest timestamp of the batch.
[[nodiscard]] std::expected<OffsetAndTimestamp, BatchError> find_latest(ByteView batch);

}  // namespace klamm::records
