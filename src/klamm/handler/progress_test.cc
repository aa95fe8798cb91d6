#include "klamm/handler/progress.h"

#include "klamm/base/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace klamm::handler {
namespace {

Progress finish_all(std::int64_t offset, std::vector<std::int64_t> const& events) {
    Progress progress(offset);
    for (auto const event : events) progress.finish(event, event + 1);
    return progress;
}

TEST(Progress, begins_with_nothing_finished_beyond_its_offset) {
    Progress const progress(7);
    EXPECT_EQ(progress.offset(), 7);
    EXPECT_TRUE(progress.finished(6));
    EXPECT_FALSE(progress.finished(7));
    EXPECT_EQ(progress.metadata(), "");
}

TEST(Progress, moves_over_islands_when_the_first_unfinished_is_finished) {
    auto progress = finish_all(10, {11, 12, 14});
    EXPECT_EQ(progress.offset(), 10);
    EXPECT_EQ(progress.islands(), 2U);
    progress.finish(10, 11);
    EXPECT_EQ(progress.offset(), 13);
    progress.finish(13, 14);
    EXPECT_EQ(progress, Progress(15));
}

TEST(Progress, takes_gaps_with_the_event_before_them) {
    auto progress = finish_all(0, {5});
    progress.finish(6, 100);
    EXPECT_TRUE(progress.finished(99));
    EXPECT_FALSE(progress.finished(100));
    progress.finish(0, 5);
    EXPECT_EQ(progress, Progress(100));
}

TEST(Progress, metadata_is_short_and_printable) {
    auto const metadata = finish_all(1'000'000, {1'000'001, 1'000'003, 1'000'004}).metadata();
    EXPECT_EQ(metadata.size(), 12U);
    EXPECT_EQ(metadata.substr(0, 2), "k1");
    EXPECT_TRUE(std::ranges::all_of(metadata, [](char c) { return c > ' ' && c < '\x7f'; }));
}

TEST(Progress, metadata_of_another_offset_is_not_believed) {
    auto const metadata = finish_all(10, {12}).metadata();
    EXPECT_TRUE(Progress::read(10, metadata).has_value());
    EXPECT_FALSE(Progress::read(11, metadata).has_value());
}

TEST(Progress, metadata_of_others_is_named) {
    auto const read = Progress::read(10, "committed by hand");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error(), "it does not begin with \"k1\"");
}

TEST(Progress, every_truncation_and_every_changed_character_is_noticed) {
    auto const metadata = finish_all(10, {12, 13, 900, 5'000'000'000}).metadata();
    for (std::size_t size = 1; size < metadata.size(); ++size)
        EXPECT_FALSE(Progress::read(10, metadata.substr(0, size)).has_value()) << size;
    for (std::size_t at = 0; at < metadata.size(); ++at)
        for (int c = 0; c < 256; ++c) {
            auto damaged = metadata;
            damaged[at] = static_cast<char>(c);
            if (damaged != metadata) {
                EXPECT_FALSE(Progress::read(10, damaged).has_value()) << at << ' ' << c;
            }
        }
}

TEST(Progress, reaches_to_the_last_offset_there_can_be) {
    constexpr auto last = std::numeric_limits<std::int64_t>::max();
    auto const progress = finish_all(0, {last - 2});
    EXPECT_EQ(Progress::read(0, progress.metadata()), progress);
    EXPECT_FALSE(Progress::read(1, progress.metadata()).has_value());
}

RC_GTEST_PROP(Progress, is_the_set_of_what_was_finished, (std::uint64_t seed)) {
    Random random(seed);
    auto const begin = static_cast<std::int64_t>(random.below(1'000'000));
    Progress progress(begin);
    std::set<std::int64_t> model;
    for (int step = 0; step < 200; ++step) {
        auto const first = begin + static_cast<std::int64_t>(random.below(120));
        auto const next = first + 1 + static_cast<std::int64_t>(random.below(4) * random.below(4));
        progress.finish(first, next);
        for (auto offset = first; offset < next; ++offset) model.insert(offset);

        auto expected = begin;
        while (model.contains(expected)) ++expected;
        RC_ASSERT(progress.offset() == expected);
        auto const read = Progress::read(progress.offset(), progress.metadata());
        RC_ASSERT(read.has_value() && *read == progress);
    }
    for (auto offset = begin; offset < begin + 140; ++offset)
        RC_ASSERT(progress.finished(offset) ==
                  (offset < progress.offset() || model.contains(offset)));
}

// Events lie at growing distances, as in compacted topics; they finish in any order, and the gap
// behind each is finished with it or much later.
RC_GTEST_PROP(Progress, what_fits_stays_within_the_limit_whatever_gaps_come, (std::uint64_t seed)) {
    Random random(seed);
    auto const spread = std::uint64_t{1} << random.below(40);
    std::vector<std::int64_t> events{static_cast<std::int64_t>(random.below(1000))};
    while (events.size() < 1'600)
        events.push_back(events.back() + 1 + static_cast<std::int64_t>(random.below(spread)));
    Progress progress(events.front());
    std::vector<std::size_t> order(events.size() - 1);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size() - 1; i > 0; --i)
        std::swap(order[i], order[random.below(i + 1)]);
    std::vector<std::size_t> gaps;
    bool refused = false;
    for (auto const i : order) {
        if (i == 0) continue;  // the oldest takes longest
        if (!progress.fits(events[i])) {
            refused = true;
            continue;
        }
        progress.finish(events[i], events[i] + 1);
        gaps.push_back(i);
        if (random.one_in(3)) {
            auto const at = random.below(gaps.size());
            progress.finish(events[gaps[at]] + 1, events[gaps[at] + 1]);
        }
        RC_ASSERT(progress.metadata().size() <= Progress::metadata_bytes_max);
    }
    RC_ASSERT(refused || spread < 1024);  // else the limit was never met
    for (auto const i : gaps) progress.finish(events[i] + 1, events[i + 1]);
    auto const metadata = progress.metadata();
    RC_ASSERT(metadata.size() <= Progress::metadata_bytes_max);
    auto const read = Progress::read(progress.offset(), metadata);
    RC_ASSERT(read.has_value() && *read == progress);
    RC_ASSERT(progress.fits(progress.offset()));
}

RC_GTEST_PROP(Progress, metadata_of_any_bytes_is_read_or_refused,
              (std::int64_t offset, std::string const& bytes)) {
    for (auto const& metadata : {bytes, "k1" + bytes}) {
        auto const read = Progress::read(offset, metadata);
        if (read) {
            RC_ASSERT(read->metadata() == metadata);
        } else {
            RC_ASSERT(!read.error().empty());
        }
    }
}

}  // namespace
}  // namespace klamm::handler
