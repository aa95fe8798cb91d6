#include "klamm/journal/disk_extents.h"

#include "klamm/journal/extent_file.h"
#include "klamm/journal/extents_conformance.h"
#include "klamm/sim/disk.h"

#include <gmock/gmock.h>

namespace klamm::sim {
namespace {

using namespace journal;

constexpr std::uint64_t free_bytes_min = 4096;

/// On the simulated disk: a restart is a loss of power.
class SimExtentsWorld {
public:
    ExtentStore& store() { return *store_; }
    void restart() {
        store_.reset();
        disk_.crash();
        store_ = std::make_unique<DiskExtents>(disk_, free_bytes_min);
    }
    void set_room(bool room) {
        disk_.set_bytes_max(std::uint64_t{1} << 30);
        if (!room) disk_.set_bytes_max((std::uint64_t{1} << 30) - *disk_.free_bytes());
    }

private:
    Disk disk_{1};
    std::unique_ptr<DiskExtents> store_ = std::make_unique<DiskExtents>(disk_, free_bytes_min);
};

}  // namespace
}  // namespace klamm::sim

namespace klamm::journal {
INSTANTIATE_TYPED_TEST_SUITE_P(SimDisk, ExtentsConformance, sim::SimExtentsWorld);
}

namespace klamm::sim {
namespace {

struct OneFile {
    Disk disk{7};
    DiskExtents store{disk, free_bytes_min};
    BlockLabel label{4, 1000};
    BlockPlace place;
    std::uint64_t bytes = 0;

    OneFile() {
        auto writer = store.create(FileNumber{1});
        auto const body = test_bytes(3000, 1);
        std::array const parts{ByteView{body}};
        place = (*writer)->write(label, parts).value();
        bytes = (*writer)->finish().value();
    }
};

TEST(DiskExtents, every_flipped_bit_of_a_block_is_named_and_not_served) {
    OneFile one;
    for (auto byte = one.place.offset; byte < one.place.offset + block_header_bytes + 3000;
         byte += 13) {
        one.disk.flip_bit("l1-000000000001", byte, byte % 8);
        EXPECT_EQ(one.store.read(one.place, one.label), std::unexpected(Error::corrupt));
        EXPECT_THAT(one.store.describe_last_damage(),
                    testing::StartsWith("disk/l1-000000000001, byte 32: "));
        one.disk.flip_bit("l1-000000000001", byte, byte % 8);
    }
    EXPECT_TRUE(one.store.read(one.place, one.label).has_value());
}

TEST(DiskExtents, a_cut_file_is_noticed_at_a_start_and_at_a_read) {
    OneFile one;
    EXPECT_TRUE(one.store.check(FileNumber{1}, one.bytes).has_value());
    one.disk.truncate("l1-000000000001", one.bytes - extent_footer_bytes - 1);
    EXPECT_THAT(one.store.check(FileNumber{1}, one.bytes).error(),
                testing::HasSubstr("l1-000000000001 has "));
    EXPECT_EQ(one.store.read(one.place, one.label), std::unexpected(Error::corrupt));
}

TEST(DiskExtents, a_failed_sync_is_said_and_no_file_counts_as_finished) {
    OneFile one;
    auto writer = one.store.create(FileNumber{2});
    one.disk.fail_syncs();
    EXPECT_EQ((*writer)->finish(), std::unexpected(Error::failed));
}

}  // namespace
}  // namespace klamm::sim
