#include "klamm/host/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace klamm::host {
namespace {

TEST(Inbox, GivesEverySenderItsOrderAndLosesNothing) {
    constexpr int senders = 4;
    constexpr int each = 20'000;
    Inbox<std::pair<int, int>> inbox;
    std::vector<std::thread> threads;
    for (int sender = 0; sender < senders; ++sender)
        threads.emplace_back([&inbox, sender] {
            for (int i = 0; i < each; ++i) inbox.push({sender, i});
        });
    std::vector<int> next(senders, 0);
    std::vector<std::pair<int, int>> taken;
    for (int count = 0; count < senders * each; count += int(taken.size())) {
        taken.clear();
        inbox.take(taken, std::nullopt);
        for (auto const& [sender, i] : taken) ASSERT_EQ(i, next[std::size_t(sender)]++);
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(inbox.size(), 0U);
}

TEST(Inbox, RefusesWhatIsBeyondItsLimitAndSaysSoOnce) {
    Inbox<int> inbox;
    int one = 1;
    EXPECT_TRUE(inbox.try_push(one, 1));
    EXPECT_FALSE(inbox.try_push(one, 1));
    std::vector<int> taken;
    EXPECT_TRUE(inbox.take(taken, std::nullopt).refused);
    taken.clear();
    inbox.push(2);
    EXPECT_FALSE(inbox.take(taken, std::nullopt).refused);
    EXPECT_EQ(taken, std::vector<int>{2});
}

TEST(Inbox, ComesBackEmptyHandedWhenTheTimeIsUp) {
    Inbox<int> inbox;
    std::vector<int> taken;
    inbox.take(taken, Inbox<int>::Clock::now());
    EXPECT_TRUE(taken.empty());
}

TEST(ByteBudget, TellsWhoWasRefusedWhenThereIsRoomAgain) {
    ByteBudget budget(100);
    EXPECT_TRUE(budget.has_room());
    budget.take(150);
    EXPECT_FALSE(budget.has_room());
    EXPECT_FALSE(budget.release(20));
    EXPECT_TRUE(budget.release(100));
    EXPECT_FALSE(budget.release(30)) << "nobody was refused since";
    EXPECT_EQ(budget.used(), 0);
}

}  // namespace
}  // namespace klamm::host
