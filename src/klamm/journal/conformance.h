// journal/conformance.h - what every journal must do, as one suite of tests.
//
// A test file instantiates it for its implementation:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, JournalConformance, MemoryWorld);
//
// where the world is default-constructible and has
//
//   Journal& journal();
//   void housekeeping();               // what the implementation needs from time to time
//   static constexpr bool survives;    // whether there is a restart
//   std::vector<Found> restart();      // the process dies; what opening replays. Checkpoints, too
//   static constexpr std::uint32_t body_bytes_max;  // that fits with room to spare
#pragma once

#include "klamm/base/random.h"
#include "klamm/journal/journal.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <vector>

namespace klamm::journal {

/// An entry, or (position 0) a checkpoint, as opening brought it back.
struct Found {
    Position position{};
    Bytes head;
    Bytes body;
    bool operator==(Found const&) const = default;
    friend void PrintTo(Found const& found, std::ostream* out) {
        *out << "entry at " << std::uint64_t(found.position) << " (" << found.head.size() << " + "
             << found.body.size() << " bytes)";
    }
};

inline Bytes test_bytes(std::size_t size, std::uint64_t seed) {
    Random random{seed};
    Bytes bytes(size);
    for (auto& b : bytes) b = std::byte(random.next());
    return bytes;
}

inline Bytes copy_of(ByteView view) { return {view.begin(), view.end()}; }

template <typename World>
class JournalConformance : public testing::Test {
protected:
    Journal& journal() { return world_.journal(); }
    /// Appends an entry and remembers it.
    Position append(std::size_t body_bytes) {
        auto const n = appended_.size();
        Found entry{{}, test_bytes(1 + n % 40, n), test_bytes(body_bytes, n + 1000)};
        auto const position = journal().append({entry.head, Slice{entry.body}});
        EXPECT_TRUE(position);
        entry.position = position.value_or(Position{});
        appended_.push_back(entry);
        world_.housekeeping();
        return entry.position;
    }
    void commit() { EXPECT_EQ(journal().commit(), journal().next()); }

    World world_;
    std::vector<Found> appended_;
};

TYPED_TEST_SUITE_P(JournalConformance);

TYPED_TEST_P(JournalConformance, AnEmptyJournalHasNothing) {
    auto& journal = this->journal();
    EXPECT_EQ(journal.first(), journal.durable());
    EXPECT_EQ(journal.durable(), journal.next());
    EXPECT_EQ(journal.commit(), journal.next());
    EXPECT_GT(journal.next(), Position{0}) << "position 0 means none";
    EXPECT_EQ(journal.describe_last_damage(), "");
}

TYPED_TEST_P(JournalConformance, AnEntryIsDurableAfterCommitAndNotBefore) {
    auto& journal = this->journal();
    auto const position = this->append(100);
    EXPECT_LE(journal.durable(), position);
    EXPECT_GT(journal.next(), position);
    this->commit();
    EXPECT_GT(journal.durable(), position);
}

TYPED_TEST_P(JournalConformance, PositionsGrow) {
    auto& journal = this->journal();
    for (int i = 0; i < 200; ++i) {
        auto const next = journal.next();
        auto const position = this->append(std::size_t(i));
        EXPECT_GE(position, next);
        EXPECT_GT(journal.next(), position);
        if (i % 7 == 0) this->commit();
    }
}

TYPED_TEST_P(JournalConformance, WhatWasAppendedIsRead) {
    auto& journal = this->journal();
    for (std::size_t i = 0; i < 300; ++i) {
        this->append(i * 37 % TypeParam::body_bytes_max);
        if (i % 5 == 0) this->commit();
    }
    this->commit();
    for (auto const& entry : this->appended_) {
        auto const body = journal.read(entry.position, std::uint32_t(entry.body.size()));
        ASSERT_TRUE(body);
        EXPECT_EQ(copy_of(body->view()), entry.body);
        if (auto const cached = journal.cached(entry.position)) {
            EXPECT_EQ(copy_of(cached->view()), entry.body);
        }
        for (auto const hint : {std::uint32_t(entry.body.size() / 2), 1u << 30}) {
            auto const same = journal.read(entry.position, hint);
            ASSERT_TRUE(same);
            EXPECT_EQ(copy_of(same->view()), entry.body) << "however long it was thought to be";
        }
    }
}

TYPED_TEST_P(JournalConformance, ATrimmedEntryIsNotReadAndGoingBackHasNoEffect) {
    auto& journal = this->journal();
    auto const first = this->append(50);
    auto const second = this->append(60);
    this->commit();
    journal.trim(second);
    journal.trim(first);
    EXPECT_EQ(journal.first(), second);
    EXPECT_EQ(journal.read(first, 50), std::unexpected(Error::trimmed));
    EXPECT_TRUE(journal.read(second, 60));
    this->append(10);
    journal.trim(Position{std::numeric_limits<std::uint64_t>::max()});
    EXPECT_LE(journal.first(), journal.durable()) << "what is not durable stays";
}

TYPED_TEST_P(JournalConformance, AFullJournalRefusesUntilItIsTrimmed) {
    auto& journal = this->journal();
    std::optional<Error> refused;
    for (int i = 0; i < 100000 && !refused; ++i) {
        auto const position =
            journal.append({test_bytes(8, 1), Slice{test_bytes(TypeParam::body_bytes_max, 2)}});
        if (!position) refused = position.error();
        if (i % 3 == 0) this->commit();
        this->world_.housekeeping();
    }
    ASSERT_EQ(refused, Error::full);
    this->commit();
    ASSERT_TRUE(journal.save({journal.durable(), test_bytes(10, 3)}));
    this->world_.housekeeping();
    for (int i = 0; i < 2; ++i) {
        journal.trim(journal.durable());
        ASSERT_TRUE(journal.save({journal.durable(), test_bytes(10, 4)}));
        this->world_.housekeeping();
        if (i == 0 && journal.append({test_bytes(1, 4), {}})) this->commit();
    }
    EXPECT_TRUE(
        journal.append({test_bytes(8, 5), Slice{test_bytes(TypeParam::body_bytes_max, 6)}}));
}

TYPED_TEST_P(JournalConformance, ARestartBringsBackTheNewestCheckpointAndWhatFollowed) {
    if constexpr (TypeParam::survives) {
        EXPECT_TRUE(this->world_.restart().empty());
        for (std::size_t i = 0; i < 50; ++i) this->append(i * 13);
        this->commit();
        EXPECT_EQ(this->world_.restart(), this->appended_);
        for (int round = 0; round < 4; ++round) {
            auto const covers = this->journal().durable();
            Found const checkpoint{Position{0}, test_bytes(5000, covers == Position{}), {}};
            ASSERT_TRUE(this->journal().save({covers, checkpoint.head}));
            std::vector<Found> expected{checkpoint};
            for (std::size_t i = 0; i < 20; ++i) {
                this->append(i * 13);
                expected.push_back(this->appended_.back());
            }
            this->commit();
            auto const next = this->journal().next();
            EXPECT_EQ(this->world_.restart(), expected);
            EXPECT_EQ(this->journal().durable(), next);
            EXPECT_EQ(this->journal().next(), next);
        }
    }
}

REGISTER_TYPED_TEST_SUITE_P(JournalConformance, AnEmptyJournalHasNothing,
                            AnEntryIsDurableAfterCommitAndNotBefore, PositionsGrow,
                            WhatWasAppendedIsRead, ATrimmedEntryIsNotReadAndGoingBackHasNoEffect,
                            AFullJournalRefusesUntilItIsTrimmed,
                            ARestartBringsBackTheNewestCheckpointAndWhatFollowed);

}  // namespace klamm::journal
