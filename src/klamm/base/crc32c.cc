#include "klamm/base/crc32c.h"

#include <isa-l/crc.h>

namespace klamm {

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) {
    if (bytes.empty()) return before;
    // ISA-L neither inverts its seed nor its result, takes an int length and a mutable pointer.
    auto crc = ~before;
    while (!bytes.empty()) {
        auto const part = bytes.first(std::min<std::size_t>(bytes.size(), 1U << 30));
        auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(part.data()));
        crc = crc32_iscsi(data, int(part.size()), crc);
        bytes = bytes.subspan(part.size());
    }
    return ~crc;
}

}  // namespace klamm
