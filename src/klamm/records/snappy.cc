// records/snappy.cc - snappy, raw and in the framing of snappy-java.
//
//   magic     8   82 53 4e 41 50 50 59 00
//   version   4   1   big-endian from snappy-java, native-endian from some others: not looked at
//   lowest    4   1   reader version that suffices; likewise
//   then blocks, each: length 4 big-endian, raw snappy. A new magic may stand where a length is
//   expected (streams one behind the other).
//
// Source: https://github.com/xerial/snappy-java (SnappyOutputStream)
#include <snappy.h>

#include "klamm/records/codecs.h"
#include "klamm/records/wire.h"

#include <array>

namespace klamm::records {
namespace {

constexpr std::array magic = {std::byte{0x82}, std::byte{'S'}, std::byte{'N'}, std::byte{'A'},
                              std::byte{'P'},  std::byte{'P'}, std::byte{'Y'}, std::byte{0}};
constexpr std::size_t framing_header_bytes = 16;

/// A copy of 64 bytes takes 3 bytes: no input gives more than 22 times its size. A claim beyond
/// that is false, and is not believed.
constexpr std::size_t expansion_max = 22;

bool framed(ByteView bytes) {
    return bytes.size() >= framing_header_bytes &&
           std::ranges::equal(bytes.first(magic.size()), magic);
}

/// Writes what one raw block holds behind `out`.
std::expected<void, DecompressError> append_block(Bytes& out, ByteView block,
                                                  std::size_t bytes_max) {
    auto const* input = reinterpret_cast<char const*>(block.data());
    std::size_t claimed = 0;
    if (!::snappy::GetUncompressedLength(input, block.size(), &claimed) ||
        claimed > block.size() * expansion_max)
        return std::unexpected(DecompressError::malformed);
    if (claimed > bytes_max - out.size()) return std::unexpected(DecompressError::too_large);
    auto const at = out.size();
    out.resize(at + claimed);
    if (!::snappy::RawUncompress(input, block.size(), reinterpret_cast<char*>(out.data() + at)))
        return std::unexpected(DecompressError::malformed);
    return {};
}

}  // namespace

Decompressed unsnappy(ByteView compressed, std::size_t bytes_max) {
    Bytes out;
    if (!framed(compressed)) {
        auto block = append_block(out, compressed, bytes_max);
        if (!block) return std::unexpected(block.error());
        return out;
    }
    while (!compressed.empty()) {
        if (framed(compressed)) {
            compressed = compressed.subspan(framing_header_bytes);
            continue;
        }
        if (compressed.size() < sizeof(std::int32_t))
            return std::unexpected(DecompressError::malformed);
        auto const length = load<std::uint32_t>(compressed, 0);
        compressed = compressed.subspan(sizeof length);
        if (length > compressed.size()) return std::unexpected(DecompressError::malformed);
        auto block = append_block(out, compressed.first(length), bytes_max);
        if (!block) return std::unexpected(block.error());
        compressed = compressed.subspan(length);
    }
    return out;
}

Bytes snappy(ByteView plain) {
    Bytes out(::snappy::MaxCompressedLength(plain.size()));
    std::size_t size = 0;
    ::snappy::RawCompress(reinterpret_cast<char const*>(plain.data()), plain.size(),
                          reinterpret_cast<char*>(out.data()), &size);
    out.resize(size);
    return out;
}

}  // namespace klamm::records
