// Any bytes as compressed data: the first byte chooses the codec. What comes out is bounded, and
// comes out the same after being compressed again.
#include "klamm/base/ensure.h"
#include "klamm/records/compression.h"

using namespace klamm;
using namespace klamm::records;

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::size_t bytes_max = 1 << 20;
    auto const codec = Codec(data[0] % 5);
    auto const rest = std::as_bytes(std::span{data, size}).subspan(1);
    auto const plain = decompress(codec, rest, bytes_max);
    if (!plain) return 0;
    ensure(plain->size() <= bytes_max);
    auto const again = decompress(codec, compress(codec, *plain), bytes_max);
    ensure(again.has_value());
    ensure(*again == *plain);
    return 0;
}
