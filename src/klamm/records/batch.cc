#include "klamm/records/batch.h"

#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/records/contents.h"
#include "klamm/records/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace klamm::records {
namespace {

using enum BatchError::Kind;

constexpr std::size_t length_at = 8;
constexpr std::size_t epoch_at = 12;
constexpr std::size_t magic_at = 16;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;  // the CRC covers from here to the end
constexpr std::size_t max_timestamp_at = 35;
constexpr std::size_t bytes_before_length_counts = 12;
constexpr int attributes_known = 0x3f;
constexpr int codec_last = int(Codec::zstd);

/// What any magic has in common, and that the magic is 2.
std::expected<void, BatchError> check_format(ByteView bytes) {
    if (bytes.size() <= magic_at)
        return refuse(corrupt, fmt::format("a batch cannot have {} bytes", bytes.size()));
    auto const magic = load<std::int8_t>(bytes, magic_at);
    if (magic == 0 || magic == 1)
        return refuse(unsupported_format,
                      fmt::format("magic {} is the format before Kafka 0.11; 2 is needed", magic));
    if (magic != 2) return refuse(corrupt, fmt::format("magic is {}; expected 2", magic));
    if (bytes.size() < batch_header_bytes)
        return refuse(corrupt, fmt::format("{} bytes are less than the {} of a batch header",
                                           bytes.size(), batch_header_bytes));
    return {};
}

/// Requires check_format.
BatchInfo load_header(ByteView bytes) {
    return {
        .base_offset = load<std::int64_t>(bytes, 0),
        .bytes = 0,
        .leader_epoch = load<std::int32_t>(bytes, epoch_at),
        .attributes = load<std::int16_t>(bytes, attributes_at),
        .last_offset_delta = load<std::int32_t>(bytes, 23),
        .base_timestamp = load<std::int64_t>(bytes, 27),
        .max_timestamp = load<std::int64_t>(bytes, max_timestamp_at),
        .producer_id = load<std::int64_t>(bytes, 43),
        .producer_epoch = load<std::int16_t>(bytes, 51),
        .base_sequence = load<std::int32_t>(bytes, 53),
        .records_count = load<std::int32_t>(bytes, 57),
        .crc = load<std::uint32_t>(bytes, crc_at),
        .first_keyless = -1,
    };
}

/// A client's base offset means nothing: `as_sent` takes it for 0.
std::expected<BatchInfo, BatchError> parse_header(ByteView bytes, bool as_sent) {
    if (auto format = check_format(bytes); !format)
        return std::unexpected(std::move(format.error()));
    auto info = load_header(bytes);
    if (as_sent) info.base_offset = 0;

    auto const length = std::int64_t(load<std::int32_t>(bytes, length_at));
    auto const total = length + std::int64_t(bytes_before_length_counts);
    if (total < std::int64_t(batch_header_bytes) || total > std::int64_t(bytes.size()) ||
        total > std::numeric_limits<std::int32_t>::max())
        return refuse(corrupt,
                      fmt::format("batch_length is {}; {} bytes are there and {} are the least",
                                  length, bytes.size() - bytes_before_length_counts,
                                  batch_header_bytes - bytes_before_length_counts));
    info.bytes = std::int32_t(total);
    if (info.records_count < 0)
        return refuse(invalid, fmt::format("records_count is {}", info.records_count));
    if (info.last_offset_delta < 0)
        return refuse(invalid, fmt::format("last_offset_delta is {}", info.last_offset_delta));
    if (info.base_offset < 0 ||
        info.base_offset > std::numeric_limits<std::int64_t>::max() - info.last_offset_delta - 1)
        return refuse(corrupt, fmt::format("base_offset is {}", info.base_offset));
    if ((info.attributes & 7) > codec_last)
        return refuse(unsupported_codec, fmt::format("codec {} is unknown", info.attributes & 7));
    return info;
}

std::expected<void, BatchError> check_crc(ByteView batch, BatchInfo const& info) {
    auto const crc = crc32c(batch.subspan(attributes_at));
    if (crc == info.crc) return {};
    return refuse(corrupt, fmt::format("crc is {:08x}; the bytes give {:08x}", info.crc, crc));
}

/// What a client may claim in a header.
std::expected<void, BatchError> check_claims(BatchInfo const& info) {
    if (info.records_count == 0) return refuse(invalid, "a batch without records");
    if (info.last_offset_delta != info.records_count - 1)
        return refuse(invalid, fmt::format("last_offset_delta is {} with {} records",
                                           info.last_offset_delta, info.records_count));
    if ((info.attributes & ~attributes_known) != 0)
        return refuse(invalid, fmt::format("attributes {:#06x} have bits that mean nothing",
                                           std::uint16_t(info.attributes)));
    if (info.control()) return refuse(invalid, "control batches are written by the broker alone");
    if (info.producer_id < -1)
        return refuse(invalid, fmt::format("producer_id is {}", info.producer_id));
    if (info.producer_id >= 0 && (info.producer_epoch < 0 || info.base_sequence < 0))
        return refuse(invalid,
                      fmt::format("producer {} has epoch {} and sequence {}", info.producer_id,
                                  info.producer_epoch, info.base_sequence));
    if (info.transactional() && info.producer_id < 0)
        return refuse(invalid, "a transactional batch without producer_id");
    return {};
}

/// What the records say, and the header does not, or not reliably.
struct Seen {
    std::int64_t max_timestamp = std::numeric_limits<std::int64_t>::min();
    std::int32_t first_keyless = -1;
};

/// Reads every record.
std::expected<Seen, BatchError> check_contents(ByteView contents, BatchInfo const& info) {
    Seen seen;
    std::int32_t expected_delta = 0;
    auto walked = for_each(contents, info, [&](RecordView const& record, auto, auto timestamp) {
        if (record.offset_delta != expected_delta) return false;
        if (!record.key && seen.first_keyless < 0) seen.first_keyless = expected_delta;
        ++expected_delta;
        seen.max_timestamp = std::max(seen.max_timestamp, timestamp);
        return true;
    });
    if (!walked) return std::unexpected(std::move(walked.error()));
    if (expected_delta != info.records_count)
        return refuse_record(invalid, expected_delta, info,
                             "has an offset that does not follow the one before it");
    return seen;
}

void mend_crc(std::span<std::byte> batch) {
    store(batch, crc_at, crc32c(ByteView{batch}.subspan(attributes_at)));
}

}  // namespace

std::expected<BatchInfo, BatchError> read_header(ByteView bytes) {
    return parse_header(bytes, false);
}

std::expected<BatchInfo, BatchError> check(ByteView batch, CheckLimits limits) {
    Contents contents;
    return check(batch, limits, contents);
}

std::expected<BatchInfo, BatchError> check(ByteView batch, CheckLimits limits, Contents& contents) {
    auto info = parse_header(batch, true);
    if (!info) return info;
    if (std::size_t(info->bytes) != batch.size())
        return refuse(corrupt, fmt::format("{} bytes follow the batch; one batch is expected",
                                           batch.size() - std::size_t(info->bytes)));
    if (auto crc = check_crc(batch, *info); !crc) return std::unexpected(std::move(crc.error()));
    if (auto claims = check_claims(*info); !claims)
        return std::unexpected(std::move(claims.error()));
    auto opened = Contents::open(batch, *info, limits);
    if (!opened) return std::unexpected(std::move(opened.error()));
    contents = std::move(*opened);
    auto const seen = check_contents(contents.view(), *info);
    if (!seen) return std::unexpected(seen.error());
    info->max_timestamp = seen->max_timestamp;
    info->first_keyless = seen->first_keyless;
    return info;
}

std::vector<std::int32_t> keyless(ByteView batch, std::size_t limit) {
    std::vector<std::int32_t> found;
    auto const info = parse_header(batch, true);
    ensure(info.has_value());
    auto const contents = Contents::open(batch, *info, {});
    ensure(contents.has_value());
    std::int32_t index = 0;
    auto const walked =
        for_each(contents->view(), *info, [&](RecordView const& record, auto, auto) {
            if (!record.key) found.push_back(index);
            ++index;
            return found.size() < limit;
        });
    ensure(walked.has_value());
    return found;
}

std::expected<BatchInfo, BatchError> check_stored(ByteView batch) {
    auto info = parse_header(batch, false);
    if (!info) return info;
    if (std::size_t(info->bytes) != batch.size())
        return refuse(corrupt, fmt::format("batch_length says {} bytes; {} are there", info->bytes,
                                           batch.size()));
    if (auto crc = check_crc(batch, *info); !crc) return std::unexpected(std::move(crc.error()));
    return info;
}

void patch_offset(std::span<std::byte> batch, std::int64_t base_offset, std::int32_t leader_epoch) {
    ensure(batch.size() >= batch_header_bytes);
    store(batch, 0, base_offset);
    store(batch, epoch_at, leader_epoch);
}

void patch_log_append_time(std::span<std::byte> batch, std::int64_t wall_ms) {
    ensure(batch.size() >= batch_header_bytes);
    auto const attributes = load<std::int16_t>(batch, attributes_at);
    store(batch, attributes_at, std::int16_t(attributes | 8));
    store(batch, max_timestamp_at, wall_ms);
    mend_crc(batch);
}

void mend_max_timestamp(std::span<std::byte> batch, BatchInfo& checked) {
    ensure(batch.size() >= batch_header_bytes);
    if (load<std::int64_t>(batch, max_timestamp_at) == checked.max_timestamp) return;
    store(batch, max_timestamp_at, checked.max_timestamp);
    mend_crc(batch);
    checked.crc = load<std::uint32_t>(batch, crc_at);
}

}  // namespace klamm::records
