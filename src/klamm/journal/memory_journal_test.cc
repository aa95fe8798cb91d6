#include "klamm/journal/memory_journal.h"

#include "klamm/journal/conformance.h"

namespace klamm::journal {
namespace {

struct MemoryWorld {
    static constexpr bool survives = false;
    static constexpr std::uint32_t body_bytes_max = 2000;
    Journal& journal() { return journal_; }
    void housekeeping() {}
    std::vector<Found> restart() { return {}; }
    MemoryJournal journal_{1024 * 1024};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, JournalConformance, MemoryWorld);

TEST(MemoryJournal, RefusesWhileItIsSetFull) {
    MemoryJournal journal;
    journal.set_full(true);
    EXPECT_EQ(journal.append({test_bytes(1, 1), {}}), std::unexpected(Error::full));
    EXPECT_EQ(journal.save({journal.durable(), {}}), std::unexpected(Error::full));
    journal.set_full(false);
    EXPECT_TRUE(journal.append({test_bytes(1, 1), {}}));
}

TEST(BodyQueue, CountsABufferOnceAndUntilItsLastSliceIsGone) {
    BodyQueue queue;
    queue.push(Position{1}, Slice{test_bytes(10, 1)});
    auto const one = queue.bytes();
    Slice const large{test_bytes(100000, 2)};
    queue.push(Position{2}, large.part(0, 10));
    queue.push(Position{3}, large.part(10, 10));
    EXPECT_GE(queue.bytes(), 100000U);
    EXPECT_LT(queue.bytes(), 101000U);
    queue.pop();
    queue.pop();
    EXPECT_GE(queue.bytes(), 100000U) << "position 3 keeps the buffer alive";
    ASSERT_NE(queue.find(Position{3}), nullptr);
    EXPECT_EQ(queue.find(Position{2}), nullptr);
    EXPECT_EQ(queue.find(Position{3})->size(), 10U);
    queue.pop();
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_GT(one, 10U);
}

}  // namespace
}  // namespace klamm::journal
