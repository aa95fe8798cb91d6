// fuzz/fuzz_progress.cc - metadata of offsets: what is read is written again letter by letter, and
// takes part in what is finished later.
#include "klamm/base/ensure.h"
#include "klamm/handler/progress.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace klamm;
    using handler::Progress;
    if (size == 0) return 0;
    std::int64_t const offset = data[0];
    std::string const bytes(reinterpret_cast<char const*>(data) + 1, size - 1);
    if (auto const read = Progress::read(offset, bytes)) ensure(read->metadata() == bytes);

    // The checksum keeps guesses out: so the bytes are also taken as steps of progress.
    Progress progress(offset);
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        auto const first = offset + static_cast<std::uint8_t>(bytes[at]) * 8;
        if (!progress.fits(first)) continue;
        progress.finish(first, first + 1 + static_cast<std::uint8_t>(bytes[at + 1]) % 16);
        auto const again = Progress::read(progress.offset(), progress.metadata());
        ensure(again.has_value() && *again == progress);
        ensure(progress.finished(first));
    }
    return 0;
}
