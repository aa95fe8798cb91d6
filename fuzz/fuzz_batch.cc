// Any bytes as a batch: refused or readable; what check() accepts the readers read, in every codec.
#include "klamm/base/ensure.h"
#include "klamm/records/recompress.h"

#include <cstring>

using namespace klamm;
using namespace klamm::records;

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    Bytes bytes(size);
    if (size > 0) std::memcpy(bytes.data(), data, size);
    constexpr CheckLimits limits{.decompressed_bytes_max = 1 << 20};

    (void)read_header(bytes);
    (void)read_records(bytes, limits);
    // A fuzzer does not guess a CRC: mend it, so that what lies behind the check is reached.
    if (read_header(bytes)) patch_log_append_time(bytes, 1);
    if (size > batch_header_bytes && (data[0] & 1) != 0) bytes[22] &= std::byte{0xf7};

    auto info = check(bytes, limits);
    if (!info) return 0;
    mend_max_timestamp(bytes, *info);
    patch_offset(bytes, 7, 1);
    auto const records = read_records(bytes, limits);
    ensure(records.has_value());
    ensure(records->size() == std::size_t(info->records_count));
    ensure(records->back().offset == 7 + info->last_offset_delta);
    ensure(check_stored(bytes).has_value());
    ensure(find_latest(bytes)->timestamp == info->max_timestamp);
    for (auto const codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        auto const other = recompress(bytes, {codec, default_level(codec)});
        ensure(other.has_value() && check_stored(*other).has_value());
        ensure(read_records(*other, limits).value() == *records);
    }
    return 0;
}
