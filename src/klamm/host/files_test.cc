// The system's files behind the seam, and the disk journal on them, in a directory of its own.
#include "klamm/host/files.h"

#include "klamm/journal/conformance.h"
#include "klamm/journal/disk_journal.h"
#include "klamm/journal/frame.h"

#include <stdlib.h>
#include <unistd.h>
#include <filesystem>
#include <string>

namespace klamm::host {
namespace {

using seams::FileError;

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        auto pattern = (std::filesystem::temp_directory_path() / "klamm-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    std::string const& path() const { return path_; }

private:
    std::string path_;
};

TEST(Files, WritesAnyNumberOfPartsAndReadsThemBack) {
    TemporaryDirectory const place;
    auto directory = *open_directory(place.path() + "/made/with/parents");
    auto file = *directory->create("data");
    Bytes const all = journal::test_bytes(10000, 1);
    std::vector<ByteView> parts;
    for (std::size_t i = 0; i < all.size(); i += 4) parts.push_back(ByteView{all}.subspan(i, 4));
    parts.insert(parts.begin() + 7, ByteView{});
    ASSERT_TRUE(file->pwritev(parts, 100));
    ASSERT_TRUE(file->sync());
    EXPECT_EQ(*file->size(), 10100U);
    Bytes read(20000);
    EXPECT_EQ(*file->pread(read, 100), 10000U);
    read.resize(10000);
    EXPECT_EQ(read, all);
    EXPECT_EQ(*file->pread(read, 20000), 0U);
}

TEST(Files, AllocatedAndZeroedBytesReadAsZero) {
    TemporaryDirectory const place;
    auto directory = *open_directory(place.path());
    auto file = *directory->create("data");
    ASSERT_TRUE(file->allocate(3 << 20));
    EXPECT_EQ(*file->size(), 3U << 20);
    Bytes const ones(3 << 20, std::byte{1});
    std::array const parts{ByteView{ones}};
    ASSERT_TRUE(file->pwritev(parts, 0));
    ASSERT_TRUE(file->zero(1, (3 << 20) - 2));
    Bytes read(3 << 20);
    ASSERT_EQ(*file->pread(read, 0), read.size());
    EXPECT_EQ(std::ranges::count(read, std::byte{1}), 2);
    ASSERT_TRUE(file->allocate(4096)) << "never shortens";
    EXPECT_EQ(*file->size(), 3U << 20);
}

TEST(Files, NamesAreCreatedListedRenamedAndRemoved) {
    TemporaryDirectory const place;
    auto directory = *open_directory(place.path());
    ASSERT_TRUE(directory->create("b"));
    ASSERT_TRUE(directory->create("a"));
    EXPECT_EQ(directory->create("a").error().kind, FileError::Kind::exists);
    EXPECT_EQ(directory->open("c").error().kind, FileError::Kind::not_found);
    EXPECT_EQ(*directory->list(), (std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(directory->rename("a", "b"));
    ASSERT_TRUE(directory->sync());
    EXPECT_EQ(*directory->list(), std::vector<std::string>{"b"});
    ASSERT_TRUE(directory->remove("b"));
    EXPECT_EQ(directory->remove("b").error().kind, FileError::Kind::not_found);
    EXPECT_GT(*directory->free_bytes(), 0U);
}

TEST(Files, OnlyOneHolderOfALockAndTheOtherIsToldWho) {
    TemporaryDirectory const place;
    auto directory = *open_directory(place.path());
    auto lock = directory->lock("lock");
    ASSERT_TRUE(lock);
    auto const second = directory->lock("lock");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, FileError::Kind::locked);
    EXPECT_NE(second.error().what.find(std::to_string(::getpid())), std::string::npos);
    lock->reset();
    EXPECT_TRUE(directory->lock("lock"));
}

TEST(Files, ADirectoryThatCannotBeIsAnErrorWithItsName) {
    auto const directory = open_directory("/proc/klamm/data");
    ASSERT_FALSE(directory);
    EXPECT_NE(directory.error().what.find("/proc/klamm"), std::string::npos);
}

struct SystemFilesWorld {
    static constexpr bool survives = true;
    static constexpr std::uint32_t body_bytes_max = 20000;
    SystemFilesWorld() : directory_(*open_directory(place_.path())) { restart(); }
    journal::Journal& journal() { return *journal_; }
    void housekeeping() {
        // As if the disk had room for 64 segments: then only trimming gives space.
        auto const stats = journal_->stats();
        if (stats.segments + stats.segments_ready < 64 ||
            std::uint64_t(journal_->first()) > journal::segment_header_bytes)
            (void)journal_->prepare();
    }
    std::vector<journal::Found> restart() {
        std::vector<journal::Found> found;
        journal_.reset();
        journal::DiskOptions options;
        options.seed = ++openings_;
        options.segment_bytes = 65536;
        options.cache_bytes = 65536;
        journal::Replay const replay{
            [&](journal::Checkpoint const& checkpoint) {
                found.push_back({journal::Position{0}, checkpoint.state, {}});
            },
            [&](journal::Position at, ByteView head, ByteView body) {
                found.push_back({at, journal::copy_of(head), journal::copy_of(body)});
            }};
        journal_ = *journal::open_disk_journal(*directory_, options, replay);
        return found;
    }
    TemporaryDirectory place_;
    std::unique_ptr<seams::Directory> directory_;
    std::unique_ptr<journal::DiskJournal> journal_;
    std::uint64_t openings_ = 0;
};

TEST(DiskJournalOnFiles, CannotBeOpenedTwice) {
    SystemFilesWorld world;
    auto const second = journal::open_disk_journal(*world.directory_, {}, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, journal::OpenError::Kind::locked);
    EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
}

}  // namespace
}  // namespace klamm::host

namespace klamm::journal {
namespace {
using klamm::host::SystemFilesWorld;
INSTANTIATE_TYPED_TEST_SUITE_P(SystemFiles, JournalConformance, SystemFilesWorld);
}  // namespace
}  // namespace klamm::journal
