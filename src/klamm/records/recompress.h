// records/recompress.h - the same records in another codec.
#pragma once

#include "klamm/records/batch.h"

namespace klamm::records {

/// What a batch may come to, compressed and not.
struct RecompressLimits {
    std::size_t plain_bytes_max = CheckLimits{}.decompressed_bytes_max;
    std::size_t batch_bytes_max = std::size_t{64} * 1024 * 1024;
};

/// The batch as `wanted` would have it: of the header only length, codec and CRC change, and of the
/// records nothing. Requires that check() took the batch. `too_large`: beyond the limits.
[[nodiscard]] std::expected<Bytes, BatchError> recompress(ByteView batch, Compression const& wanted,
                                                          RecompressLimits limits = {});

}  // namespace klamm::records
