// Any bytes as an L1 file. Walking it gives an error with a byte, or blocks that the store reads as
// they were found.
#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/journal/disk_extents.h"
#include "klamm/journal/extent_file.h"
#include "klamm/sim/disk.h"

#include <array>
#include <cstring>

using namespace klamm;
using namespace klamm::journal;

namespace {

/// Makes the checksum of whatever stands at `from` fit, so that more than checksums is tested.
void mend(Bytes& file, std::size_t from, std::size_t bytes) {
    if (from + bytes > file.size()) return;
    auto const crc = crc32c(ByteView{file}.subspan(from, bytes - 4));
    std::memcpy(file.data() + from + bytes - 4, &crc, 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    auto const view = std::as_bytes(std::span{data, size}).subspan(1);
    Bytes file(view.begin(), view.end());
    if ((data[0] & 1) != 0) mend(file, 0, extent_header_bytes);
    if ((data[0] & 2) != 0) mend(file, extent_header_bytes, block_header_bytes);
    if ((data[0] & 4) != 0 && file.size() >= extent_footer_bytes)
        mend(file, file.size() - extent_footer_bytes, extent_footer_bytes);
    auto const blocks = walk_extent_file(file);
    auto const header = decode_extent_header(file);
    if (!header) {
        ensure(!blocks);
        return 0;
    }
    sim::Disk disk{1};
    auto const on_disk = disk.create(extent_file_name(header->number));
    std::array const parts{ByteView{file}};
    ensure((*on_disk)->pwritev(parts, 0).has_value());
    DiskExtents store{disk, 0};
    auto const checked = store.check(header->number, file.size());
    if (!blocks) {
        // Reading where anything stands is an answer, whatever it is.
        std::ignore = store.read({header->number, extent_header_bytes, 16}, {});
        return 0;
    }
    ensure(checked.has_value());
    for (auto const& [block, offset] : *blocks)
        ensure(store.read({header->number, offset, block.body_bytes}, block.label).has_value());
    return 0;
}
