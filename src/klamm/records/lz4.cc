// records/lz4.cc - one lz4 frame, as Kafka's own client reads it: nothing may follow it.
#include "klamm/base/ensure.h"
#include "klamm/records/codecs.h"

#include <lz4frame.h>

#include <memory>

namespace klamm::records {

Decompressed unlz4(ByteView compressed, std::size_t bytes_max) {
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
            if (compressed.empty()) return out.take();
            return std::unexpected(DecompressError::malformed);
        }
        if (wrote == 0 && read == 0) return std::unexpected(DecompressError::malformed);
    }
}

Bytes lz4(ByteView plain) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Kafka's client reads no other
    Bytes out(LZ4F_compressFrameBound(plain.size(), &preferences));
    auto const size =
        LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences);
    ensure(LZ4F_isError(size) == 0);
    out.resize(size);
    return out;
}

}  // namespace klamm::records
