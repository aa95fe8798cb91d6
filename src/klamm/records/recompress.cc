#include "klamm/records/recompress.h"

#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/records/contents.h"
#include "klamm/records/wire.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::records {
namespace {

constexpr std::size_t length_at = 8;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;
constexpr std::size_t bytes_before_length_counts = 12;
constexpr int codec_bits = 7;

Bytes assemble(ByteView header, BatchInfo const& info, Codec codec, ByteView contents) {
    Bytes batch;
    batch.reserve(header.size() + contents.size());
    put_bytes(batch, header);
    put_bytes(batch, contents);
    store(batch, length_at, std::int32_t(batch.size() - bytes_before_length_counts));
    store(batch, attributes_at,
          std::int16_t((info.attributes & ~codec_bits) | std::to_underlying(codec)));
    store(batch, crc_at, crc32c(ByteView{batch}.subspan(attributes_at)));
    return batch;
}

}  // namespace

std::expected<Bytes, BatchError> recompress(ByteView batch, Compression const& wanted,
                                            RecompressLimits limits) {
    auto const info = read_header(batch);
    ensure(info.has_value() && std::size_t(info->bytes) == batch.size() && !info->control());
    auto const opened = Contents::open(batch, *info, {limits.plain_bytes_max});
    if (!opened) return std::unexpected(opened.error());
    auto const plain = opened->view();
    auto const fits = [&](std::size_t bytes) {
        return bytes + batch_header_bytes <= limits.batch_bytes_max;
    };
    auto const too_large = [&](std::size_t bytes) {
        return refuse(BatchError::Kind::too_large,
                      fmt::format("The batch has {} bytes with codec {}; {} are the most",
                                  bytes + batch_header_bytes, to_string(wanted.codec),
                                  limits.batch_bytes_max));
    };
    auto const header = batch.first(batch_header_bytes);
    if (wanted.codec == Codec::none) {
        if (!fits(plain.size())) return too_large(plain.size());
        return assemble(header, *info, wanted.codec, plain);
    }
    auto const packed = compress(wanted, plain);
    if (!fits(packed.size())) return too_large(packed.size());
    return assemble(header, *info, wanted.codec, packed);
}

}  // namespace klamm::records
