// records/gzip.cc - gzip by zlib. A file may have several members, one behind the other.
#include "klamm/base/ensure.h"
#include "klamm/records/codecs.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace klamm::records {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // +16: with gzip's header and trailer
constexpr int memory_level = 8;            // zlib's default

unsigned clamp_to_uint(std::size_t size) {
    return unsigned(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
}

struct Inflate {
    z_stream stream{};
    Inflate() { ensure(inflateInit2(&stream, gzip_window_bits) == Z_OK); }
    ~Inflate() { inflateEnd(&stream); }
    Inflate(Inflate const&) = delete;
    Inflate& operator=(Inflate const&) = delete;
};

}  // namespace

Decompressed gunzip(ByteView compressed, std::size_t bytes_max) {
    Inflate inflater;
    auto& z = inflater.stream;
    Output out{compressed.size() * 4, bytes_max};
    // zlib neither writes to its input nor declares that.
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(compressed.data()));
    z.avail_in = clamp_to_uint(compressed.size());
    if (z.avail_in != compressed.size()) return std::unexpected(DecompressError::too_large);

    for (;;) {
        auto const room = out.room();
        z.next_out = reinterpret_cast<Bytef*>(room.data());
        z.avail_out = clamp_to_uint(room.size());
        auto const given = z.avail_out;
        auto const result = inflate(&z, Z_NO_FLUSH);
        out.wrote(given - z.avail_out);
        if (out.too_large()) return std::unexpected(DecompressError::too_large);
        if (result == Z_STREAM_END) {
            if (z.avail_in == 0) return out.take();
            inflateReset(&z);
        } else if (result != Z_OK) {  // Z_BUF_ERROR: the input ended early
            return std::unexpected(DecompressError::malformed);
        }
    }
}

Bytes gzip(ByteView plain, int level) {
    z_stream z{};
    ensure(plain.size() <= std::numeric_limits<unsigned>::max());
    ensure(deflateInit2(&z, std::clamp(level, Z_DEFAULT_COMPRESSION, Z_BEST_COMPRESSION),
                        Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY) == Z_OK);
    Bytes out(deflateBound(&z, plain.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
    z.avail_in = unsigned(plain.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = unsigned(out.size());
    ensure(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

}  // namespace klamm::records
