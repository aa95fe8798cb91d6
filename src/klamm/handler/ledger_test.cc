#include "klamm/handler/ledger.h"

#include "klamm/base/random.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace klamm::handler {
namespace {

using Changes = std::vector<Ledger::Change>;

void restore(Ledger& ledger, Changes const& changes) {
    for (auto const& [key, value] : changes) {
        if (value)
            ledger.restore(key, std::string_view{*value});
        else
            ledger.restore(key, std::nullopt);
    }
}

TEST(Ledger, remembers_where_an_event_was_done) {
    Ledger ledger;
    auto const change = ledger.remember_done("/orders", "o-1", 42);
    ASSERT_TRUE(change.has_value());
    EXPECT_EQ(change->first, std::string("i//orders\0o-1", 13));
    EXPECT_EQ(change->second, "42");
    EXPECT_EQ(ledger.done_at("/orders", "o-1"), 42);
    EXPECT_EQ(ledger.done_at("/orders", "o-2"), std::nullopt);
    EXPECT_EQ(ledger.done_at("/others", "o-1"), std::nullopt);
}

TEST(Ledger, forgets_by_offset_the_oldest_first_and_not_too_many_at_once) {
    Ledger ledger;
    for (std::int64_t offset : {5, 1, 4, 2, 3})
        (void)ledger.remember_done("/s", fmt::format("{}", offset), offset);
    auto const first = ledger.forget_done(4, 2);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0], Ledger::Change(Ledger::done_key("/s", "1"), std::nullopt));
    EXPECT_EQ(first[1], Ledger::Change(Ledger::done_key("/s", "2"), std::nullopt));
    EXPECT_EQ(ledger.done_at("/s", "3"), 3);
    EXPECT_EQ(ledger.forget_done(4, 2).size(), 1U);
    EXPECT_TRUE(ledger.forget_done(4, 2).empty());
    EXPECT_EQ(ledger.done_at("/s", "3"), std::nullopt);
    EXPECT_EQ(ledger.done_at("/s", "4"), 4);
    EXPECT_EQ(ledger.size(), 2U);
}

TEST(Ledger, an_event_that_came_again_is_remembered_at_its_last_place) {
    Ledger ledger;
    EXPECT_TRUE(ledger.remember_done("/s", "a", 10).has_value());
    EXPECT_TRUE(ledger.remember_done("/s", "a", 20).has_value());
    EXPECT_FALSE(ledger.remember_done("/s", "a", 15).has_value());
    EXPECT_TRUE(ledger.forget_done(20, 10).empty());
    EXPECT_EQ(ledger.done_at("/s", "a"), 20);
    EXPECT_EQ(ledger.forget_done(21, 10).size(), 1U);
    EXPECT_EQ(ledger.size(), 0U);
}

TEST(Ledger, a_name_that_is_too_long_is_not_remembered) {
    Ledger ledger;
    EXPECT_FALSE(
        ledger.remember_done("/s", std::string(Ledger::id_bytes_max, 'x'), 10).has_value());
    EXPECT_EQ(ledger.size(), 0U);
}

TEST(Ledger, delayed_events_are_in_the_order_of_their_times) {
    Ledger ledger;
    for (std::int64_t due : {1'000, 999, 20'000'000, 5})
        ledger.put(Ledger::due_key(due, "e"), "{}");
    auto const first = ledger.first("d/");
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(Ledger::due_of(first->first), 5);
    std::vector<std::int64_t> times;
    for (auto const& [key, value] : ledger.all("d/")) times.push_back(*Ledger::due_of(key));
    EXPECT_EQ(times, (std::vector<std::int64_t>{5, 999, 1'000, 20'000'000}));
    EXPECT_EQ(ledger.count("d/"), 4U);
    EXPECT_EQ(ledger.count("p/"), 0U);
}

TEST(Ledger, what_is_no_entry_is_passed_over) {
    Ledger ledger;
    ledger.restore("i/a", std::string_view{"not a number"});
    ledger.restore("i/a", std::string_view{"-1"});
    EXPECT_EQ(ledger.size(), 0U);
    EXPECT_EQ(Ledger::due_of("d/12/x"), std::nullopt);
    EXPECT_EQ(Ledger::due_of("d/000000000000000000x/id"), std::nullopt);
    EXPECT_EQ(Ledger::due_of("s/0000000000000000012/id"), std::nullopt);
}

TEST(Ledger, keys_of_any_bytes_stay_apart) {
    EXPECT_NE(Ledger::state_key("a", "bc"), Ledger::state_key("ab", "c"));
    EXPECT_NE(Ledger::done_key("a", "bc"), Ledger::done_key("ab", "c"));
    EXPECT_EQ(Ledger::parked_key(std::string_view("\0\xff", 2)), std::string("p/\0\xff", 4));
    EXPECT_EQ(ledger_topic("billing", "orders"), "billing-orders-ledger");
}

RC_GTEST_PROP(Ledger, is_the_same_when_it_is_restored_from_its_changes, (std::uint64_t seed)) {
    Random random(seed);
    Ledger ledger;
    Changes log;
    std::map<std::string, std::string> compacted;
    for (std::int64_t offset = 0; offset < 300; ++offset) {
        auto const name = fmt::format("{}", random.below(40));
        if (auto const change = ledger.remember_done("/s", name, offset)) log.push_back(*change);
        for (auto& change : ledger.forget_done(offset - 30, random.below(3)))
            log.push_back(std::move(change));
        std::string const keys[] = {Ledger::parked_key(name), Ledger::state_key("t", name),
                                    Ledger::due_key(offset, name)};
        Ledger::Change change{keys[random.below(3)], std::nullopt};
        if (!random.one_in(3)) change.second = fmt::format("{}", offset);
        ledger.put(change.first, change.second);
        log.push_back(std::move(change));
    }
    Ledger restored;
    restore(restored, log);
    RC_ASSERT(restored == ledger);
    RC_ASSERT(restored.forget_done(1'000, 1'000) == ledger.forget_done(1'000, 1'000));

    for (auto const& [key, value] : log) {
        if (value)
            compacted.insert_or_assign(key, *value);
        else
            compacted.erase(key);
    }
    Ledger from_compacted;
    for (auto const& [key, value] : compacted) from_compacted.restore(key, value);
    from_compacted.forget_done(1'000, 1'000);
    RC_ASSERT(from_compacted == restored);
}

RC_GTEST_PROP(Ledger, every_duplicate_within_the_window_is_recognized, (std::uint64_t seed)) {
    Random random(seed);
    auto const window = static_cast<std::int64_t>(1 + random.below(50));
    auto const ahead = static_cast<std::int64_t>(1 + random.below(20));
    // Events finish out of order, at most `ahead` before the oldest unfinished one.
    Ledger ledger;
    std::vector<std::int64_t> unfinished;
    std::map<std::string, std::int64_t> last_done;
    std::int64_t next = 0;
    while (next < 400) {
        while (static_cast<std::int64_t>(unfinished.size()) < ahead) unfinished.push_back(next++);
        auto const at = random.below(unfinished.size());
        auto const offset = unfinished[at];
        unfinished.erase(unfinished.begin() + static_cast<std::ptrdiff_t>(at));
        auto const name = fmt::format("{}", random.below(100));
        auto const known = last_done.find(name);
        if (known != last_done.end() && known->second >= offset - window)
            RC_ASSERT(ledger.done_at("/s", name).has_value());
        (void)ledger.remember_done("/s", name, offset);
        auto& last = last_done[name];
        last = std::max(last, offset);
        auto const first_unfinished = unfinished.empty() ? next : std::ranges::min(unfinished);
        (void)ledger.forget_done(first_unfinished - window, 1'000);
        RC_ASSERT(ledger.size() <= 100U);
    }
}

}  // namespace
}  // namespace klamm::handler
