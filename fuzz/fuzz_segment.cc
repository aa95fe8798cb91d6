// Any bytes as segment files. Opening refuses with a reason, or gives entries; then the journal can
// be used, and a second opening gives the same entries and what was added.
#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/journal/disk_journal.h"
#include "klamm/journal/frame.h"
#include "klamm/sim/disk.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

using namespace klamm;
using namespace klamm::journal;

namespace {

constexpr std::uint64_t segment_bytes = 4096;
constexpr std::uint64_t disk_bytes = 1 << 20;  // a header can claim much larger segments

struct Found {
    Position position{};
    std::size_t head_bytes = 0;
    std::size_t body_bytes = 0;
    bool operator==(Found const&) const = default;
};

/// Makes the checksums of whatever stands where headers can be fit, so that more than the
/// checksums is tested. `which` chooses the frames.
void mend(std::span<std::byte> file, unsigned which) {
    auto const mend_crc = [&](std::size_t from, std::size_t bytes) {
        auto const crc = crc32c(ByteView{file}.subspan(from, bytes));
        std::memcpy(file.data() + from + bytes, &crc, 4);
    };
    mend_crc(0, 52);
    for (std::size_t at = segment_header_bytes; at + frame_header_bytes <= file.size();
         at = header_place(at + 8)) {
        if (std::memcmp(file.data() + at, "KLE1", 4) != 0) continue;
        std::uint32_t head_bytes = 0;
        std::uint32_t body_bytes = 0;
        std::memcpy(&head_bytes, file.data() + at + 4, 4);
        std::memcpy(&body_bytes, file.data() + at + 8, 4);
        auto const bytes = frame_bytes(head_bytes, body_bytes);
        if ((which & 1) != 0 && bytes <= file.size() - at) {
            ByteView const whole = file.subspan(at, bytes);
            auto const body = crc32c(whole.subspan(frame_header_bytes, body_bytes));
            auto const head = crc32c(whole.subspan(frame_header_bytes + body_bytes));
            std::memcpy(file.data() + at + 12, &head, 4);
            std::memcpy(file.data() + at + 16, &body, 4);
        }
        mend_crc(at, 44);
        which = which >> 1 | which << 7;
    }
}

std::unique_ptr<DiskJournal> open(sim::Disk& disk, std::uint64_t seed, std::vector<Found>& found) {
    DiskOptions options;
    options.seed = seed;
    options.segment_bytes = segment_bytes;
    options.cache_bytes = 0;
    options.free_bytes_min = 0;
    auto journal = open_disk_journal(disk, options,
                                     {[](Checkpoint const&) {},
                                      [&](Position at, ByteView head, ByteView body) {
                                          found.push_back({at, head.size(), body.size()});
                                      }});
    if (journal) return std::move(*journal);
    ensure(!journal.error().message.empty());
    return nullptr;
}

/// Two segments with a few entries; what the fuzzer's bytes are laid over.
std::array<Bytes, 2> sample() {
    sim::Disk disk{1};
    std::vector<Found> found;
    auto journal = open(disk, 1, found);
    for (std::size_t i = 0; i < 7; ++i) {
        ensure(journal->prepare().has_value());
        auto const position =
            journal->append({Bytes(20, std::byte(i + 1)), Slice{Bytes(i * 200, std::byte(7))}});
        ensure(position.has_value());
        if (i % 2 == 0) ensure(journal->commit().has_value());
    }
    ensure(journal->commit().has_value());
    return {disk.bytes("segment-000000000000"), disk.bytes("segment-000000000001")};
}

void put(sim::Disk& disk, char const* name, Bytes const& bytes) {
    auto file = disk.create(name);
    std::array const parts{ByteView{bytes}};
    ensure((*file)->pwritev(parts, 0).has_value());
    ensure((*file)->sync().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    static auto const samples = sample();
    if (size < 2) return 0;
    auto files = samples;
    auto const how = data[0];
    auto const which = data[1];
    auto rest = std::as_bytes(std::span{data, size}).subspan(2);
    if ((how & 1) != 0) {
        files[0].assign(rest.begin(), rest.end());  // nothing but the input
        files[0].resize(std::min<std::size_t>(files[0].size(), segment_bytes));
    } else {
        // Patches: two bytes say where, one how much, then the bytes.
        while (rest.size() >= 3) {
            auto const at = std::size_t(rest[0]) << 8 | std::size_t(rest[1]);
            auto& file = files[at / segment_bytes % 2];
            auto const from = at % segment_bytes;
            auto const bytes =
                std::min({std::size_t(rest[2]), rest.size() - 3, file.size() - from});
            if (bytes > 0) std::memcpy(file.data() + from, rest.data() + 3, bytes);
            rest = rest.subspan(3 + bytes);
        }
    }
    if ((how & 2) != 0) {
        for (auto& file : files)
            if (file.size() >= segment_header_bytes) mend(file, which);
    }
    sim::Disk disk{2, disk_bytes};
    put(disk, "segment-000000000000", files[0]);
    if ((how & 4) == 0) put(disk, "segment-000000000001", files[1]);
    ensure(disk.sync().has_value());

    std::vector<Found> found;
    auto journal = open(disk, 2, found);
    if (!journal) return 0;
    for (auto const& entry : found) {
        auto const body = journal->read(entry.position, std::uint32_t(entry.body_bytes));
        ensure(body.has_value());
    }
    if (!journal->prepare()) return 0;
    auto const added = journal->append({Bytes(5), Slice{Bytes(100)}});
    ensure(added.has_value());
    ensure(journal->commit().has_value());
    found.push_back({*added, 5, 100});
    journal.reset();
    std::vector<Found> again;
    journal = open(disk, 3, again);
    ensure(journal != nullptr);
    ensure(again == found);
    return 0;
}
