// records/zstd.cc - zstd, in one pass over the whole input.
//
// The streaming decoder allocates the window that the frame claims, up to 128 MiB. The one-pass
// decoder needs none, but the whole output at once, whose size streaming writers do not say: so
// it is tried with more room until it fits, each time four times as much.
#include <zstd.h>
#include <zstd_errors.h>

#include "klamm/base/ensure.h"
#include "klamm/records/codecs.h"

#include <algorithm>

namespace klamm::records {
namespace {

constexpr std::size_t room_min = 16 * 1024;
constexpr std::size_t expansion_first = 16;  // of the input, for the first try
constexpr std::size_t growth = 4;

}  // namespace

Decompressed unzstd(ByteView compressed, std::size_t bytes_max) {
    auto const claimed = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (claimed == ZSTD_CONTENTSIZE_ERROR) return std::unexpected(DecompressError::malformed);
    auto room = std::max(room_min, compressed.size() * expansion_first);
    if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed > 0)
        room = std::min<std::size_t>(room, claimed);
    for (;;) {
        room = std::min(room, bytes_max);
        Bytes out(room);
        auto const size =
            ZSTD_decompress(out.data(), out.size(), compressed.data(), compressed.size());
        if (ZSTD_isError(size) == 0) {
            out.resize(size);
            return out;
        }
        if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall)
            return std::unexpected(DecompressError::malformed);
        if (room == bytes_max) return std::unexpected(DecompressError::too_large);
        room *= growth;
    }
}

Bytes zstd(ByteView plain, int level) {
    Bytes out(ZSTD_compressBound(plain.size()));
    auto const size = ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(),
                                    std::clamp(level, ZSTD_minCLevel(), ZSTD_maxCLevel()));
    ensure(ZSTD_isError(size) == 0);
    out.resize(size);
    return out;
}

}  // namespace klamm::records
