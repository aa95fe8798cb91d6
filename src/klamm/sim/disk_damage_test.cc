// The disk journal on a simulated disk whose bytes change.
#include "klamm/journal/frame.h"
#include "klamm/sim/disk_journal_story.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

/// What opening and reading everything says: the same bytes, or a refusal that names the file.
enum class Outcome : std::uint8_t { same, refused };

Outcome look(Disk& disk, DiskOptions const& options, std::vector<Found> const& entries,
             std::vector<Found> const& expected, std::string const& file) {
    auto opened = open(disk, options);
    if (!opened.journal) {
        EXPECT_NE(opened.error.find(disk.path_of(file)), std::string::npos) << opened.error;
        EXPECT_NE(opened.error.find("byte "), std::string::npos) << opened.error;
        return Outcome::refused;
    }
    auto outcome = Outcome::same;
    if (opened.found != expected) {
        // A damaged checkpoint is replaced by the one before it and a longer replay.
        EXPECT_GT(opened.found.size(), expected.size());
        EXPECT_FALSE(opened.journal->opened().notes.empty());
        for (auto const& note : opened.journal->opened().notes)
            EXPECT_NE(note.find(disk.path_of(file)), std::string::npos);
        outcome = Outcome::refused;
    }
    for (auto const& entry : entries) {
        auto const body = opened.journal->read(entry.position, std::uint32_t(entry.body.size()));
        if (body) {
            EXPECT_EQ(copy_of(body->view()), entry.body);
            continue;
        }
        EXPECT_EQ(body.error(), Error::corrupt);
        auto const damage = opened.journal->describe_last_damage();
        EXPECT_NE(damage.find(disk.path_of(file)), std::string::npos) << damage;
        EXPECT_NE(damage.find("byte "), std::string::npos) << damage;
        outcome = Outcome::refused;
    }
    return outcome;
}

/// Three segments of 4096 bytes: one before both checkpoints, one between, one behind; `recycled`
/// makes them of files that held other entries before.
struct SmallJournal {
    explicit SmallJournal(bool recycled) {
        options.segment_bytes = 4096;
        options.cache_bytes = 0;
        auto opened = open(disk, options);
        auto& journal = *opened.journal;
        if (recycled) {
            for (int i = 0; i < 12; ++i) {
                append(journal, 1500);
                EXPECT_TRUE(journal.save({journal.durable(), test_bytes(8, 8)}));
                journal.trim(journal.durable());
                EXPECT_TRUE(journal.prepare());
            }
            entries.clear();
        }
        for (int i = 0; i < 9; ++i) {
            if (i == 3 || i == 6) {
                EXPECT_TRUE(journal.save({journal.durable(), test_bytes(200, 9)}));
                expected = {{Position{0}, test_bytes(200, 9), {}}};
            }
            append(journal, std::size_t(200 * i));
            expected.push_back(entries.back());
            EXPECT_TRUE(journal.prepare());
        }
        opened.journal.reset();
        disk.kill();
    }
    void append(DiskJournal& journal, std::size_t bytes) {
        auto const n = entries.size() + 1;
        Found entry{{}, test_bytes(20, n), test_bytes(bytes, n + 100)};
        entry.position = journal.append({entry.head, Slice{entry.body}}).value_or(Position{});
        EXPECT_NE(entry.position, Position{});
        EXPECT_TRUE(journal.commit());
        entries.push_back(entry);
    }
    Disk disk{1};
    DiskOptions options = tiny_segments(7);
    std::vector<Found> entries;
    std::vector<Found> expected;  ///< of an opening: checkpoint and what follows
};

class DiskJournalBits : public testing::TestWithParam<bool> {};

/// Whether this byte of this file is needed: it belongs to the header or the body of an entry, or
/// to the head of one that no checkpoint covers.
bool stored_at(SmallJournal const& small, std::string const& name, std::uint64_t byte) {
    return std::ranges::any_of(small.entries, [&](Found const& entry) {
        auto const position = std::uint64_t(entry.position);
        auto const from = position % small.options.segment_bytes;
        auto const replayed = std::ranges::find(small.expected, entry) != small.expected.end();
        return name == fmt::format("segment-{:012}", position / small.options.segment_bytes) &&
               byte >= from &&
               byte < from + 48 + entry.body.size() + (replayed ? entry.head.size() : 0);
    });
}

TEST_P(DiskJournalBits, OfAnyBitIsFoundAndNamedOrHarmless) {
    auto const recycled = GetParam();
    SmallJournal small{recycled};
    auto const names = *small.disk.list();
    // "lock", then checkpoints, then segments.
    auto const newest_checkpoint = *std::prev(std::ranges::find_if(
        names, [](std::string const& name) { return name.starts_with("segment"); }));
    std::uint64_t entry_bits = 0;
    for (auto const& name : names) {
        for (std::uint64_t at = 0; at < small.disk.bytes(name).size(); ++at) {
            auto const stored = stored_at(small, name, at);
            // Every bit of fresh files; one of each byte of recycled ones, to save time.
            for (unsigned bit = recycled ? at * 7 % 8 : 0; bit < 8; bit += recycled ? 8 : 1) {
                auto const twin = small.disk.copy(at);
                twin->flip_bit(name, at, bit);
                auto const outcome =
                    look(*twin, small.options, small.entries, small.expected, name);
                if (stored || name == newest_checkpoint) {
                    ASSERT_EQ(outcome, Outcome::refused)
                        << name << " byte " << at << " bit " << bit;
                }
                ASSERT_FALSE(HasFailure()) << name << " byte " << at << " bit " << bit;
                entry_bits += stored;
            }
        }
    }
    EXPECT_GT(entry_bits, recycled ? 7000U : 60000U);
}

INSTANTIATE_TEST_SUITE_P(Files, DiskJournalBits, testing::Bool(),
                         [](auto const& files) { return files.param ? "Recycled" : "Fresh"; });

// ---- what an operator sees ---------------------------------------------------------------

DiskOptions seeded(DiskOptions options, std::uint64_t seed) {
    options.seed = seed;
    return options;
}

TEST(DiskJournalDamage, CanBeGivenUpAsTheMessageSays) {
    SmallJournal small{false};
    auto const place = small.expected[2].position;  // the second entry behind the checkpoint
    auto const number = std::uint64_t(place) / 4096;
    auto const byte = std::uint64_t(place) % 4096;
    auto const name = fmt::format("segment-{:012}", number);
    small.disk.flip_bit(name, byte + 60, 3);
    auto const refused = open(small.disk, seeded(small.options, 8));
    ASSERT_NE(refused.error.find(fmt::format("truncate -s {} disk/{}", byte, name)),
              std::string::npos)
        << refused.error;

    small.disk.truncate(name, byte);
    auto const names = small.disk.list();
    for (auto const& other : *names) {
        if (other.starts_with("segment-") && other > name) {
            ASSERT_TRUE(small.disk.remove(other));
        }
    }
    auto opened = open(small.disk, seeded(small.options, 9));
    ASSERT_EQ(opened.error, "");
    small.expected.resize(2);
    EXPECT_EQ(opened.found, small.expected);
    EXPECT_TRUE(opened.journal->append({test_bytes(1, 1), Slice{test_bytes(500, 1)}}));
    EXPECT_TRUE(opened.journal->commit());
    opened = {};
    opened = open(small.disk, seeded(small.options, 10));
    EXPECT_EQ(opened.found.size(), 3U) << opened.error;
}

TEST(DiskJournalDamage, AMissingSegmentIsNamed) {
    SmallJournal small{false};
    for (auto const* name : {"segment-000000000000", "segment-000000000001"}) {
        auto const twin = small.disk.copy(1);
        ASSERT_TRUE(twin->remove(name));
        auto const opened = open(*twin, small.options);
        if (opened.journal) {  // the first holds nothing that the newest checkpoint does not cover
            EXPECT_STREQ(name, "segment-000000000000");
            auto const& entry = small.entries.front();
            EXPECT_EQ(opened.journal->read(entry.position, std::uint32_t(entry.body.size())),
                      std::unexpected(Error::trimmed));
            continue;
        }
        EXPECT_NE(opened.error.find(name), std::string::npos) << opened.error;
    }
}

TEST(DiskJournalDamage, OfBothCheckpointsMeansReplayFromTheBeginningIfThatIsThere) {
    for (bool const recycled : {false, true}) {
        SmallJournal small{recycled};
        auto const names = *small.disk.list();
        for (auto const& name : names) {
            if (name.starts_with("checkpoint")) small.disk.flip_bit(name, 33, 0);
        }
        auto const opened = open(small.disk, seeded(small.options, 8));
        if (recycled) {
            EXPECT_NE(opened.error.find("no checkpoint can be read"), std::string::npos);
            EXPECT_NE(opened.error.find("byte 24: the checksum"), std::string::npos);
        } else {
            EXPECT_EQ(opened.error, "");
            EXPECT_EQ(opened.found, small.entries);
            EXPECT_EQ(opened.journal->opened().notes.size(), 2U);
        }
    }
}

TEST(DiskJournalDamage, AnUnknownVersionIsNotTouched) {
    SmallJournal small{false};
    auto const name =
        fmt::format("segment-{:012}", std::uint64_t(small.expected[1].position) / 4096);
    auto header = *decode_segment_header(small.disk.bytes(name));
    header.version = 9;
    auto const bytes = encode(header);
    std::array const parts{ByteView{bytes}};
    ASSERT_TRUE((*small.disk.open(name))->pwritev(parts, 0));
    auto const opened = open(small.disk, seeded(small.options, 8));
    EXPECT_NE(opened.error.find("byte 4: segment format 9 is not known"), std::string::npos)
        << opened.error;
}

TEST(DiskJournal, ReportsATornTailOnce) {
    // A write of which the crash left something but not all; the seed is one of many that do.
    for (std::uint64_t seed = 1;; ++seed) {
        ASSERT_LT(seed, 100U);
        Disk disk{seed};
        auto opened = open(disk, tiny_segments(1));
        ASSERT_TRUE(opened.journal->append({test_bytes(10, 1), Slice{test_bytes(100, 1)}}));
        ASSERT_TRUE(opened.journal->commit());
        disk.stop_after(1);
        ASSERT_TRUE(opened.journal->append({test_bytes(10, 1), Slice{test_bytes(3000, 1)}}));
        EXPECT_EQ(opened.journal->commit(), std::unexpected(Error::failed));
        opened = {};
        disk.crash();
        opened = open(disk, tiny_segments(2));
        ASSERT_EQ(opened.error, "");
        auto const& report = opened.journal->opened();
        if (report.torn_bytes == 0) continue;
        EXPECT_EQ(opened.found.size(), 1U);
        ASSERT_EQ(report.notes.size(), 1U);
        EXPECT_NE(report.notes[0].find(fmt::format("cut {} bytes", report.torn_bytes)),
                  std::string::npos);
        opened = {};
        disk.kill();
        EXPECT_EQ(open(disk, tiny_segments(3)).journal->opened().torn_bytes, 0U);
        break;
    }
}

TEST(DiskJournal, OnAFullDiskSmallEntriesUseTheReserveAndReadsGoOn) {
    Disk disk{1, 65536 + 16384};
    DiskOptions options = tiny_segments(1);
    options.cache_bytes = 0;
    auto opened = open(disk, options);
    auto& journal = *opened.journal;
    std::vector<Position> batches;
    for (;;) {
        (void)journal.prepare();
        auto const position = journal.append({test_bytes(4, 1), Slice{test_bytes(150, 1)}});
        if (!position) break;
        batches.push_back(*position);
    }
    EXPECT_EQ(journal.prepare(), std::unexpected(Error::full));
    int commits_of_offsets = 0;
    while (journal.append({test_bytes(8, 1), {}})) ++commits_of_offsets;
    EXPECT_GE(commits_of_offsets, 2);
    ASSERT_TRUE(journal.commit()) << "what was accepted has its space";
    for (auto const position : batches) EXPECT_TRUE(journal.read(position, 150));
    disk.set_bytes_max(1 << 20);
    ASSERT_TRUE(journal.prepare());
    EXPECT_TRUE(journal.append({test_bytes(4, 1), Slice{test_bytes(150, 1)}}));
}

}  // namespace
}  // namespace klamm::sim
