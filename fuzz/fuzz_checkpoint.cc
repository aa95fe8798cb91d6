// Any bytes as a checkpoint file: refused with a reason or read, and what comes out is bounded.
#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/journal/checkpoint.h"

#include <cstring>

using namespace klamm;
using namespace klamm::journal;

namespace {

constexpr std::uint64_t state_bytes_max = 1 << 20;
constexpr std::size_t header_bytes = 32;

void read(Bytes const& file) {
    auto const checkpoint = decode_checkpoint(file, state_bytes_max);
    if (!checkpoint) {
        ensure(!checkpoint.error().empty());
        return;
    }
    ensure(checkpoint->state.size() <= state_bytes_max);
    auto const again = decode_checkpoint(encode_checkpoint(*checkpoint), state_bytes_max);
    ensure(again.has_value());
    ensure(again->covers == checkpoint->covers);
    ensure(again->state == checkpoint->state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    Bytes file(size);
    if (size > 0) std::memcpy(file.data(), data, size);
    read(file);
    if (size < header_bytes) return 0;
    // A fuzzer does not guess a CRC: mend them, so that what lies behind is reached.
    std::memcpy(file.data(), "KLC1", 4);
    auto const packed = crc32c(ByteView{file}.subspan(header_bytes));
    std::memcpy(file.data() + 24, &packed, 4);
    auto const header = crc32c(ByteView{file}.first(28));
    std::memcpy(file.data() + 28, &header, 4);
    read(file);
    return 0;
}
