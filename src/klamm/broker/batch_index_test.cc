#include "klamm/broker/batch_index.h"

#include "klamm/base/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace klamm::broker {
namespace {

using journal::Position;

/// The index beside the plain list that it stands for.
struct Twins {
    BatchIndex index;
    std::vector<BatchRef> list;

    void append(Random& random) {
        BatchRef ref;
        auto const before = list.empty() ? BatchRef{.last_offset = -1} : list.back();
        ref.position = Position(std::uint64_t(before.position) + 1 + random.below(100000));
        ref.bytes = std::uint32_t(61 + random.below(1 << 20));
        ref.base_offset =
            before.last_offset + 1 + (random.one_in(10) ? std::int64_t(random.below(1000)) : 0);
        ref.last_offset = ref.base_offset + std::int64_t(random.below(500));
        ref.max_timestamp = std::int64_t(random.below(2000)) - 1;
        ASSERT_TRUE(index.can_append(ref));
        index.append(ref);
        list.push_back(ref);
    }
    void drop_before(std::int64_t offset) {
        index.drop_before(offset);
        std::erase_if(list, [&](BatchRef const& ref) { return ref.last_offset < offset; });
    }
    std::vector<BatchRef> from(std::int64_t offset) const {
        std::vector<BatchRef> all;
        auto cursor = index.from(offset);
        while (auto const ref = cursor.next()) all.push_back(*ref);
        return all;
    }
    void compare(std::int64_t offset, std::int64_t timestamp) const {
        std::vector<BatchRef> rest;
        for (auto const& ref : list) {
            if (ref.last_offset >= offset) rest.push_back(ref);
        }
        EXPECT_EQ(from(offset), rest);
        std::optional<BatchRef> by_time, newest;
        std::uint64_t bytes = 0;
        for (auto const& ref : list) {
            bytes += ref.bytes;
            if (!by_time && ref.max_timestamp >= timestamp) by_time = ref;
            if (ref.base_offset < offset && (!newest || ref.max_timestamp > newest->max_timestamp))
                newest = ref;
        }
        EXPECT_EQ(index.find_timestamp(timestamp), by_time);
        EXPECT_EQ(index.find_latest(offset), newest);
        EXPECT_EQ(index.bytes(), bytes);
        EXPECT_EQ(index.batches(), list.size());
        EXPECT_EQ(index.empty(), list.empty());
        if (list.empty()) return;
        EXPECT_EQ(index.first_in_journal(), list.front());
        EXPECT_EQ(index.last(), list.back());
    }
};

TEST(BatchIndex, AgreesWithAPlainList) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Random random{seed};
        Twins twins;
        for (int step = 0; step < 600; ++step) {
            twins.append(random);
            auto const end = std::uint64_t(twins.list.back().last_offset) + 3;
            if (random.one_in(150)) twins.drop_before(std::int64_t(random.below(end)));
            if (random.one_in(20))
                twins.compare(std::int64_t(random.below(end)), std::int64_t(random.below(2002)));
        }
        twins.drop_before(twins.list.back().last_offset + 1);
        EXPECT_TRUE(twins.index.empty());
        EXPECT_EQ(twins.index, BatchIndex{});
    }
}

BatchIndex copied(BatchIndex const& from) {
    kafka::Writer out;
    for (auto const& run : from.runs()) run.block->encode(out);
    from.tail().encode(out);
    auto const bytes = std::move(out).finish_bytes();
    kafka::Reader in{ByteView{bytes}};
    BatchIndex to;
    for (std::size_t n = 0; n <= from.runs().size(); ++n) {
        BatchBlock block;
        EXPECT_TRUE(block.decode(in));
        EXPECT_TRUE(to.restore({}, std::move(block)));
    }
    EXPECT_EQ(in.bytes_left(), 0U);
    to.drop_before(from.first().base_offset);
    return to;
}

TEST(BatchIndex, SurvivesItsBytesEvenWithBatchesDropped) {
    Random random{3};
    Twins twins;
    for (int n = 0; n < 1000; ++n) twins.append(random);
    EXPECT_EQ(copied(twins.index), twins.index);
    twins.drop_before(twins.list[300].base_offset);
    EXPECT_EQ(copied(twins.index), twins.index);
}

TEST(BatchIndex, RefusesABatchThatDoesNotLieBehindTheLastOne) {
    BatchIndex index;
    index.append({.position = Position{100}, .bytes = 70, .base_offset = 5, .last_offset = 9});
    EXPECT_FALSE(
        index.can_append({.position = Position{100}, .base_offset = 10, .last_offset = 10}));
    EXPECT_FALSE(
        index.can_append({.position = Position{200}, .base_offset = 9, .last_offset = 10}));
    EXPECT_FALSE(
        index.can_append({.position = Position{200}, .base_offset = 11, .last_offset = 10}));
    EXPECT_TRUE(
        index.can_append({.position = Position{200}, .base_offset = 10, .last_offset = 10}));
}

TEST(BatchIndex, RefusesDamagedBlocks) {
    Random random{9};
    Twins twins;
    for (int n = 0; n < 60; ++n) twins.append(random);
    kafka::Writer out;
    twins.index.tail().encode(out);
    auto const bytes = std::move(out).finish_bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        kafka::Reader in{ByteView{bytes}.first(size)};
        BatchBlock block;
        EXPECT_FALSE(block.decode(in)) << size;
    }
    auto longer = bytes;
    longer.push_back(std::byte{0});
    longer[3] = std::byte{0};  // no batches, and bytes of some
    kafka::Reader in{ByteView{longer}};
    BatchBlock block;
    EXPECT_TRUE(block.decode(in));
    EXPECT_GT(in.bytes_left(), 0U);  // who reads it notices
}

TEST(BatchIndex, NeedsAboutTenBytesABatch) {
    BatchIndex index;
    std::uint64_t position = 0;
    for (std::int64_t n = 0; n < 128 * 100; ++n) {
        index.append({.position = Position{position += 16'500},
                      .bytes = std::uint32_t(16'384 + n % 50),
                      .base_offset = n * 16,
                      .last_offset = n * 16 + 15,
                      .max_timestamp = 1'700'000'000'000 + n * 3});
    }
    kafka::Writer out;
    for (auto const& run : index.runs()) run.block->encode(out);
    EXPECT_LE(out.size(), 128U * 100U * 11U);
}

/// Batches move to L1 a few at a time, are dropped from the front, and more come.
TEST(BatchIndex, WhatIsReplacedByRunsInFilesIsFoundThere) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Random random{seed};
        Twins twins;
        std::uint64_t file = 0;
        std::size_t moved = 0;  // places at the front of the list that are in L1
        for (int step = 0; step < 400; ++step) {
            twins.append(random);
            if (!random.one_in(20)) continue;
            auto const first = random.below(moved + 1);
            auto const last = moved + random.below(twins.list.size() - moved);
            // Runs in L1 are replaced whole: here each move makes one run, from the front on.
            if (first != 0 && first != moved) continue;
            auto const from = twins.list[first].base_offset;
            auto const end = twins.list[last].last_offset + 1;
            BatchBlock block;
            std::vector<BatchRun> runs;
            for (auto n = first; n <= last; ++n) {
                auto& ref = twins.list[n];
                ref.position = Position(32 + (n - first) * 100);
                if (block.full())
                    runs.push_back({journal::FileNumber{++file},
                                    std::make_shared<BatchBlock const>(std::exchange(block, {}))});
                if (block.count() == 0) ref.position = Position(32);
                if (block.count() > 0)
                    ref.position = Position(std::uint64_t(block.last().position) + 100);
                block.append(ref);
            }
            runs.push_back(
                {journal::FileNumber{++file}, std::make_shared<BatchBlock const>(block)});
            EXPECT_FALSE(twins.index.can_replace(from, end - 1, runs));
            ASSERT_TRUE(twins.index.can_replace(from, end, runs));
            auto const before = twins.index.in_files();
            auto const released = twins.index.replace(from, end, runs, 0);
            EXPECT_EQ(released.size(), first == 0 ? before.size() : 0);
            moved = last + 1;
            EXPECT_EQ(twins.from(0), twins.list);
            auto const in_journal = twins.index.first_in_journal();
            ASSERT_EQ(in_journal.has_value(), moved < twins.list.size());
            if (in_journal) {
                EXPECT_EQ(*in_journal, twins.list[moved]);
                EXPECT_EQ(twins.index.end_before(twins.list.back().position),
                          twins.list.size() - moved > 1
                              ? std::optional{twins.list[twins.list.size() - 2].last_offset + 1}
                              : std::nullopt);
            }
            auto const some = std::int64_t(random.below(std::uint64_t(end) + 10));
            std::uint64_t bytes = 0;
            for (auto const& ref : twins.list)
                if (ref.base_offset >= some) bytes += ref.bytes;
            EXPECT_EQ(twins.index.bytes_between(some, twins.list.back().last_offset + 1), bytes);
        }
    }
}

}  // namespace
}  // namespace klamm::broker
