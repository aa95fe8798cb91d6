// The disk journal on a simulated disk whose bytes change.
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

class DiskJournalDamage : public testing::TestWithParam<bool> {};

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

TEST_P(DiskJournalDamage, OfAnyBitIsFoundAndNamedOrHarmless) {
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

INSTANTIATE_TEST_SUITE_P(Files, DiskJournalDamage, testing::Bool(),
                         [](auto const& files) { return files.param ? "Recycled" : "Fresh"; });

}  // namespace
}  // namespace klamm::sim
