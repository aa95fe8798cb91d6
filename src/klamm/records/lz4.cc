// records/lz4.cc - one lz4 frame, as Kafka's own client reads it: nothing may follow it, its blocks
// are independent, and it needs no dictionary. A broker that took another frame would stop every
// Java consumer of the partition for good.
//
// Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
#include "klamm/base/ensure.h"
#include "klamm/records/codecs.h"

#include <lz4frame.h>

#include <algorithm>
#include <memory>

namespace klamm::records {
namespace {

constexpr std::size_t flags_at = 4;  // behind the magic number
constexpr std::byte blocks_independent{0x20};
constexpr std::byte has_dictionary{0x01};

bool kafka_reads(std::byte flags) {
    return (flags & blocks_independent) != std::byte{} && (flags & has_dictionary) == std::byte{};
}

}  // namespace

Decompressed unlz4(ByteView compressed, std::size_t bytes_max) {
    auto const frame = compressed;
    LZ4F_dctx* created = nullptr;
    ensure(LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)) == 0);
    std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> const context{
        created, &LZ4F_freeDecompressionContext};

    Output out{compressed.size() * 4, bytes_max};
    for (;;) {
        auto const room = out.room();
        auto wrote = room.size();
        auto read = compressed.size();
        auto const expects =
            LZ4F_decompress(context.get(), room.data(), &wrote, compressed.data(), &read, nullptr);
        if (LZ4F_isError(expects) != 0) return std::unexpected(DecompressError::malformed);
        out.wrote(wrote);
        compressed = compressed.subspan(read);
        if (out.too_large()) return std::unexpected(DecompressError::too_large);
        if (expects == 0) {  // the frame is complete
            if (!compressed.empty() || frame.size() <= flags_at)
                return std::unexpected(DecompressError::malformed);
            if (!kafka_reads(frame[flags_at])) return std::unexpected(DecompressError::unreadable);
            return out.take();
        }
        if (wrote == 0 && read == 0) return std::unexpected(DecompressError::malformed);
    }
}

Bytes lz4(ByteView plain, int level) {
    constexpr int slow_min = 3;  // below it liblz4 takes the fast compressor
    LZ4F_preferences_t preferences{};
    if (level != lz4_fast_level)
        preferences.compressionLevel = std::clamp(level, slow_min, LZ4F_compressionLevel_max());
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Kafka's client reads no other
    Bytes out(LZ4F_compressFrameBound(plain.size(), &preferences));
    auto const size =
        LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences);
    ensure(LZ4F_isError(size) == 0);
    out.resize(size);
    return out;
}

}  // namespace klamm::records
