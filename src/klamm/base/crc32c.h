// base/crc32c.h - CRC-32C (Castagnoli), the checksum of batches and journal frames.
#pragma once

#include "klamm/base/bytes.h"

#include <cstdint>

namespace klamm {

/// CRC-32C of `bytes`; pass an earlier result as `before` to continue it.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

}  // namespace klamm
