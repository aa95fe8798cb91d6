// The disk journal on the simulated disk: the conformance suite, and crashes.
#include "klamm/sim/disk_journal_story.h"

namespace klamm::sim {
namespace {

struct SimulatedDiskWorld {
    static constexpr bool survives = true;
    static constexpr std::uint32_t body_bytes_max = 6000;
    SimulatedDiskWorld() { restart(); }
    Journal& journal() { return *opened_.journal; }
    void housekeeping() { (void)opened_.journal->prepare(); }
    std::vector<Found> restart() {
        opened_ = {};
        disk_.crash();
        opened_ = open(disk_, tiny_segments(++openings_));
        EXPECT_EQ(opened_.error, "");
        return opened_.found;
    }
    std::uint64_t openings_ = 0;
    Disk disk_{1, 4 * 1024 * 1024};
    Opened opened_;
};

// ---- crashes -----------------------------------------------------------------------------

/// A journal that is used, and dies, as a seed says; with a model of what must be there.
class Story {
public:
    explicit Story(std::uint64_t seed)
        : random_(seed), disk_(seed, 2 * 1024 * 1024), options_(tiny_segments(0)) {
        options_.segment_bytes = 4096 * (1 + random_.below(4));
        options_.segments_ahead = std::uint32_t(1 + random_.below(3));
        options_.cache_bytes = random_.below(3) * 4096;
    }

    void run(int steps) {
        reopen();
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    }
    Disk::Hits const& hits() const { return disk_.hits(); }
    std::uint64_t torn = 0;
    std::uint64_t replayed = 0;
    std::uint64_t refused = 0;
    std::uint64_t recycled = 0;

private:
    void step() {
        if (random_.one_in(40)) disk_.stop_after(random_.below(10));
        switch (random_.below(16)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
                return append();
            case 7:
            case 8:
            case 9:
                return commit();
            case 10:
            case 11:
                return prepare();
            case 12:
                return random_.one_in(3) ? save() : read();
            case 13:
                return read();
            case 14:
                return random_.one_in(3) ? trim() : commit();
            default:
                return random_.one_in(4) ? die() : append();
        }
    }

    void append() {
        auto const most = options_.segment_bytes / 2;
        auto const body = random_.one_in(8) ? 0 : random_.below(random_.one_in(4) ? most : 300);
        Found entry{{},
                    test_bytes(1 + random_.below(60), random_.next()),
                    test_bytes(body, random_.next())};
        if (random_.one_in(8)) std::ranges::fill(entry.body, std::byte{0});
        auto const position = journal_->append({entry.head, Slice{entry.body}});
        if (!position) {
            EXPECT_EQ(position.error(), Error::full);
            ++refused;
            return;
        }
        entry.position = *position;
        EXPECT_TRUE(entries_.empty() || entry.position > entries_.back().position);
        entries_.push_back(entry);
    }

    void commit() {
        if (random_.one_in(200)) disk_.fail_syncs(random_.below(2));
        auto const next = journal_->next();
        if (auto const durable = journal_->commit()) {
            EXPECT_EQ(*durable, next);
            durable_ = *durable;
        } else {
            EXPECT_EQ(durable.error(), Error::failed);
            EXPECT_EQ(journal_->commit(), std::unexpected(Error::failed));
            die();
        }
        disk_.mend();
    }

    void save() {
        auto const covers = random_.one_in(2) ? durable_ : some_durable_position();
        if (covers < newest_.covers) return;
        auto const state = test_bytes(std::uint64_t(covers) % 3000, std::uint64_t(covers));
        candidate_ = {covers, state};  // there after a crash, or not
        auto const saved = journal_->save({covers, state});
        if (!saved && saved.error() == Error::failed) return die();
        if (saved) newest_ = candidate_;
    }

    Position some_durable_position() {
        if (entries_.empty()) return durable_;
        auto const at = entries_[random_.below(entries_.size())].position;
        return std::min(at, durable_);
    }

    void trim() {
        auto const first = some_durable_position();
        journal_->trim(first);
        trimmed_ = std::max(trimmed_, first);
        auto const before = journal_->stats().segments;
        prepare();
        recycled += before - journal_->stats().segments;
        std::erase_if(entries_, [&](Found const& entry) {
            return entry.position < std::min(trimmed_, newest_.covers);
        });
    }

    void prepare() {
        auto const done = journal_->prepare();
        if (!done && done.error() == Error::failed) die();
    }

    void read() {
        if (entries_.empty()) return;
        auto const& entry = entries_[random_.below(entries_.size())];
        if (entry.position >= durable_) return;
        auto const body = journal_->read(entry.position, std::uint32_t(entry.body.size()));
        if (entry.position < trimmed_) {
            EXPECT_TRUE(body || body.error() == Error::trimmed);
            return;
        }
        ASSERT_TRUE(body) << journal_->describe_last_damage();
        EXPECT_EQ(copy_of(body->view()), entry.body);
    }

    void die() {
        journal_.reset();
        random_.one_in(4) && disk_.has_power() ? disk_.kill() : disk_.crash();
        disk_.mend();
        reopen();
    }

    /// Everything durable is there again, in order; then perhaps what followed; nothing else.
    void reopen() {
        Opened opened;
        do {
            if (!disk_.has_power()) disk_.crash();
            if (random_.one_in(8)) disk_.stop_after(random_.below(8));
            options_.seed = random_.next();
            opened = open(disk_, options_);
        } while (!opened.journal && !disk_.has_power());
        ASSERT_EQ(opened.error, "");
        journal_ = std::move(opened.journal);
        auto const& report = journal_->opened();
        if (report.checkpoint == candidate_.covers) newest_ = candidate_;
        EXPECT_EQ(report.checkpoint, newest_.covers);
        if (report.checkpoint != Position{}) {
            ASSERT_FALSE(opened.found.empty());
            EXPECT_EQ(opened.found.front().head, newest_.state);
            opened.found.erase(opened.found.begin());
        }
        std::vector<Found> expected;
        std::ranges::copy_if(entries_, std::back_inserter(expected),
                             [&](Found const& entry) { return entry.position >= newest_.covers; });
        auto const durable = std::size_t(std::ranges::count_if(
            expected, [&](Found const& entry) { return entry.position < durable_; }));
        ASSERT_GE(opened.found.size(), durable);
        ASSERT_LE(opened.found.size(), expected.size());
        expected.resize(opened.found.size());
        EXPECT_EQ(opened.found, expected);
        EXPECT_EQ(journal_->durable(), journal_->next());
        EXPECT_GE(journal_->durable(), durable_);
        durable_ = journal_->durable();
        std::erase_if(entries_, [&](Found const& entry) { return entry.position >= durable_; });
        trimmed_ = journal_->first();
        torn += report.torn_bytes;
        replayed += report.entries;
    }

    Random random_;
    Disk disk_;
    DiskOptions options_;
    std::unique_ptr<DiskJournal> journal_;
    std::vector<Found> entries_;
    Position durable_{};
    Position trimmed_{};
    Checkpoint newest_;
    Checkpoint candidate_;
};

TEST(DiskJournal, ErasesEverySegmentThatAnUnfinishedWriteBegan) {
    // One write began two segments; the crash kept the header of the second only. Later entries
    // ended, by chance, where that header says that it continues.
    Story story{31461};
    story.run(400);
}

TEST(DiskJournal, KeepsWhatIsDurableThroughAnyCrash) {
    constexpr std::uint64_t stories = 1500;
    std::uint64_t torn = 0, replayed = 0, refused = 0, recycled = 0, lost = 0, names = 0;
    for (std::uint64_t seed = 1; seed <= stories; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Story story{seed};
        story.run(400);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
        torn += story.torn;
        replayed += story.replayed;
        refused += story.refused;
        recycled += story.recycled;
        lost += story.hits().writes_torn;
        names += story.hits().names_lost;
    }
    // A fault that never happened was not survived.
    EXPECT_GT(torn, 0U);
    EXPECT_GT(replayed, 0U);
    EXPECT_GT(refused, 0U);
    EXPECT_GT(recycled, 0U);
    EXPECT_GT(lost, 0U);
    EXPECT_GT(names, 0U);
}

}  // namespace
}  // namespace klamm::sim

namespace klamm::journal {
namespace {
using klamm::sim::SimulatedDiskWorld;
INSTANTIATE_TYPED_TEST_SUITE_P(SimulatedDisk, JournalConformance, SimulatedDiskWorld);
}  // namespace
}  // namespace klamm::journal
