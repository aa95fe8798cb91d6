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
        inbox.take(taken);
        for (auto const& [sender, i] : taken) ASSERT_EQ(i, next[std::size_t(sender)]++);
        inbox.done(std::nullopt);
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
    EXPECT_TRUE(inbox.try_take(taken).value().refused);
    inbox.done(std::nullopt);
    taken.clear();
    inbox.push(2);
    EXPECT_FALSE(inbox.take(taken).refused);
    EXPECT_EQ(taken, std::vector<int>{2});
}

TEST(Inbox, ComesBackEmptyHandedWhenTheTimeIsUp) {
    Inbox<int> inbox;
    inbox.done(Inbox<int>::Clock::now());
    std::vector<int> taken;
    inbox.take(taken);
    EXPECT_TRUE(taken.empty());
}

TEST(Inbox, OneThreadAtATimeHasTheTurn) {
    Inbox<int> inbox;
    std::vector<int> mine, others;
    EXPECT_FALSE(inbox.try_take(mine)) << "there is nothing";
    inbox.push(1);
    EXPECT_TRUE(inbox.try_take(mine));
    inbox.push(2);
    EXPECT_FALSE(inbox.try_take(others));
    inbox.done(std::nullopt);
    EXPECT_TRUE(inbox.try_take(others));
    EXPECT_EQ(mine, std::vector<int>{1});
    EXPECT_EQ(others, std::vector<int>{2});
}

TEST(Inbox, WhoeverPushesWorksAndNothingIsLeftBehind) {
    constexpr int senders = 4;
    constexpr int each = 20'000;
    Inbox<int> inbox;
    std::vector<int> taken;  // of who has the turn
    int sum = 0;
    auto const work = [&] {
        for (auto const i : taken) sum += i;
        taken.clear();
        inbox.done(std::nullopt);
    };
    std::vector<std::thread> threads;
    for (int sender = 0; sender < senders; ++sender)
        threads.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                inbox.push(1, Inbox<int>::Then::try_take);
                while (inbox.try_take(taken)) work();
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(sum, senders * each);
}

TEST(Inbox, TheOwnerTakesWhatOthersBroughtDuringItsTurn) {
    Inbox<int> inbox;
    std::vector<int> mine, others;
    inbox.push(1);
    inbox.take(mine);
    inbox.push(2, Inbox<int>::Then::try_take);
    EXPECT_FALSE(inbox.try_take(others));
    inbox.done(std::nullopt);
    mine.clear();
    inbox.take(mine);
    EXPECT_EQ(mine, std::vector<int>{2});
}

TEST(Inbox, TheOwnerIsToldWhenSomethingIsDueEarlier) {
    using namespace std::chrono_literals;
    Inbox<int> inbox;
    inbox.done(Inbox<int>::Clock::now() + 24h);
    std::thread owner([&] {
        std::vector<int> taken;
        inbox.take(taken);
        EXPECT_TRUE(taken.empty());
        inbox.done(std::nullopt);
    });
    inbox.done(Inbox<int>::Clock::now());
    owner.join();
}

TEST(Inbox, ClosedItGivesTheOwnerWhatIsLeft) {
    Inbox<int> inbox;
    std::vector<int> taken;
    inbox.push(1);
    inbox.close();
    EXPECT_FALSE(inbox.try_take(taken));
    EXPECT_FALSE(inbox.take(taken).closed);
    EXPECT_EQ(taken, std::vector<int>{1});
    inbox.done(std::nullopt);
    EXPECT_TRUE(inbox.take(taken).closed);
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
