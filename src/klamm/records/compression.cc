#include "klamm/records/compression.h"

#include "klamm/base/ensure.h"
#include "klamm/records/codecs.h"

namespace klamm::records {

std::string_view to_string(Codec codec) {
    switch (codec) {
        case Codec::none:
            return "none";
        case Codec::gzip:
            return "gzip";
        case Codec::snappy:
            return "snappy";
        case Codec::lz4:
            return "lz4";
        case Codec::zstd:
            return "zstd";
    }
    return "unknown";
}

std::expected<Bytes, DecompressError> decompress(Codec codec, ByteView compressed,
                                                 std::size_t bytes_max) {
    switch (codec) {
        case Codec::none:
            if (compressed.size() > bytes_max) return std::unexpected(DecompressError::too_large);
            return Bytes(compressed.begin(), compressed.end());
        case Codec::gzip:
            return gunzip(compressed, bytes_max);
        case Codec::snappy:
            return unsnappy(compressed, bytes_max);
        case Codec::lz4:
            return unlz4(compressed, bytes_max);
        case Codec::zstd:
            return unzstd(compressed, bytes_max);
    }
    ensure(false);
    std::unreachable();
}

int default_level(Codec codec) {
    switch (codec) {
        case Codec::gzip:
            return -1;
        case Codec::lz4:
            return lz4_fast_level;
        case Codec::zstd:
            return 3;
        case Codec::none:
        case Codec::snappy:
            break;
    }
    return 0;
}

Bytes compress(Compression const& compression, ByteView plain) {
    switch (compression.codec) {
        case Codec::none:
            return Bytes(plain.begin(), plain.end());
        case Codec::gzip:
            return gzip(plain, compression.level);
        case Codec::snappy:
            return snappy(plain);
        case Codec::lz4:
            return lz4(plain, compression.level);
        case Codec::zstd:
            return zstd(plain, compression.level);
    }
    ensure(false);
    std::unreachable();
}

Bytes compress(Codec codec, ByteView plain) {
    return compress({codec, default_level(codec)}, plain);
}

}  // namespace klamm::records
