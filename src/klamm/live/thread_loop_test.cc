#include "klamm/live/thread_loop.h"

#include "klamm/live/thread_workers.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace klamm::live {
namespace {

using testing::ElementsAre;

TEST(ThreadLoop, RunsJobsInTheOrderOfTheirPostsOnOneThread) {
    ThreadLoop loop;
    std::vector<int> ran;
    for (int i = 0; i < 3; ++i)
        loop.post([&, i] {
            EXPECT_TRUE(loop.on_loop());
            ran.push_back(i);
        });
    loop.call([] {});
    EXPECT_THAT(ran, ElementsAre(0, 1, 2));
    EXPECT_FALSE(loop.on_loop());
}

TEST(ThreadLoop, NothingRunsInsideTheCallThatAskedForIt) {
    ThreadLoop loop;
    std::vector<int> ran;
    std::latch both(2);
    auto const run = [&](int which) {
        ran.push_back(which);
        both.count_down();
    };
    loop.post([&] {
        loop.after(Duration{0}, [&] { run(2); });
        loop.post([&] { run(1); });
        ran.push_back(0);
    });
    both.wait();
    EXPECT_THAT(ran, testing::UnorderedElementsAre(0, 1, 2));
    EXPECT_EQ(ran.front(), 0);
}

TEST(ThreadLoop, TimersRunInTheOrderOfTheirTimesAndNotBeforeThem) {
    ThreadLoop loop;
    std::vector<int> ran;
    std::promise<void> over;
    loop.post([&] {
        auto const begin = loop.now().instant;
        loop.after(Duration{3}, [&, begin] {
            EXPECT_GE(loop.now().instant - begin, Duration{3});
            ran.push_back(3);
            over.set_value();
        });
        loop.after(Duration{1}, [&] { ran.push_back(1); });
        loop.after(Duration{1}, [&] { ran.push_back(2); });
    });
    over.get_future().get();
    EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(ThreadLoop, ATimerThatSetsItselfAgainKeepsNobodyWaiting) {
    ThreadLoop loop;
    std::function<void()> again = [&] { loop.after(Duration{0}, [&] { again(); }); };
    loop.call([&] { again(); });
    EXPECT_EQ(loop.call([] { return 7; }), 7);
}

TEST(ThreadLoop, TakesPostsOfManyThreads) {
    ThreadLoop loop;
    int count = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 1000; ++n) loop.post([&] { ++count; });
            });
    }
    EXPECT_EQ(loop.call([&] { return count; }), 4000);
}

TEST(ThreadLoop, WhatIsLeftAtTheEndIsDroppedWithoutBeingRun) {
    auto const held = std::make_shared<int>(1);
    bool ran = false;
    {
        ThreadLoop loop;
        loop.call([&] { loop.after(std::chrono::hours{1}, [&ran, held] { ran = true; }); });
    }
    EXPECT_FALSE(ran);
    EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadWorkers, WorkIsDoneElsewhereAndFinishedOnTheLoop) {
    ThreadLoop loop;
    std::unique_ptr<ThreadWorkers> workers;
    std::promise<void> over;
    std::atomic<int> worked{0};
    int finished = 0;
    loop.call([&] {
        workers = std::make_unique<ThreadWorkers>(loop, 3);
        for (int i = 0; i < 100; ++i)
            workers->run(
                [&] {
                    EXPECT_FALSE(loop.on_loop());
                    ++worked;
                },
                [&] {
                    EXPECT_TRUE(loop.on_loop());
                    if (++finished == 100) over.set_value();
                });
    });
    over.get_future().get();
    EXPECT_EQ(worked, 100);
    loop.call([&] { workers.reset(); });
}

TEST(ThreadWorkers, AsManyJobsRunAtTheSameTimeAsThereAreThreads) {
    ThreadLoop loop;
    std::unique_ptr<ThreadWorkers> workers;
    std::latch all(3);
    std::promise<void> over;
    int finished = 0;
    loop.call([&] {
        workers = std::make_unique<ThreadWorkers>(loop, 3);
        for (int i = 0; i < 3; ++i)
            workers->run([&] { all.arrive_and_wait(); },  // ends only when three of them run
                         [&] {
                             if (++finished == 3) over.set_value();
                         });
    });
    over.get_future().get();
    loop.call([&] { workers.reset(); });
}

TEST(ThreadWorkers, JobsThatTurnOutLongGetMoreThreadsAndHoldUpNothing) {
    ThreadLoop loop;
    std::unique_ptr<ThreadWorkers> workers;
    std::latch both(2);
    std::promise<void> short_ones, go_on, over;
    int finished = 0;
    auto const count = [&] {
        if (++finished == 98) short_ones.set_value();
        if (finished == 100) over.set_value();
    };
    loop.call([&] {
        workers = std::make_unique<ThreadWorkers>(loop, 3);
        auto released = go_on.get_future().share();
        for (int i = 0; i < 100; ++i)
            if (i == 10 || i == 20)
                workers->run(
                    [&, released] {
                        both.arrive_and_wait();  // goes on only when both run
                        released.get();
                    },
                    count);
            else
                workers->run([] {}, count);
    });
    short_ones.get_future().get();
    go_on.set_value();
    over.get_future().get();
    loop.call([&] { workers.reset(); });
}

TEST(ThreadWorkers, DestroyedWaitForWorkThatRunsAndDropTheRest) {
    ThreadLoop loop;
    std::unique_ptr<ThreadWorkers> workers;
    std::promise<void> begun, go_on;
    std::atomic<int> worked{0};
    int finished = 0;
    loop.call([&] {
        workers = std::make_unique<ThreadWorkers>(loop, 1);
        for (int i = 0; i < 3; ++i)
            workers->run(
                [&, i] {
                    if (i == 0) {
                        begun.set_value();
                        go_on.get_future().get();
                    }
                    ++worked;
                },
                [&] { ++finished; });
    });
    begun.get_future().get();
    // The first is at it: it can go on only after the end has begun or shortly before.
    std::jthread release([&] { go_on.set_value(); });
    loop.call([&] { workers.reset(); });
    loop.call([] {});
    EXPECT_GE(worked, 1);
    EXPECT_EQ(finished, 0);
}

}  // namespace
}  // namespace klamm::live
