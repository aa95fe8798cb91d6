#include "klamm/remote/poller.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

namespace klamm::remote {
namespace {

using std::chrono::nanoseconds;

struct Noted final : Poller::Watcher {
    void ready(bool has_ended) override {
        ++times;
        ended = has_ended;
        if (then) then();
    }
    int times = 0;
    bool ended = false;
    std::function<void()> then;
};

class PollerTest : public testing::Test {
protected:
    PollerTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        here.open(ends[0]);
        there.open(ends[1]);
    }
    void look(nanoseconds timeout = nanoseconds{0}) {
        poller.wait(timeout);
        poller.tell();
    }
    void write_there() { EXPECT_EQ(::write(there.number(), "x", 1), 1); }

    Poller poller;
    Descriptor here, there;
    Noted noted;
};

TEST_F(PollerTest, TellsOnceOfEachChange) {
    poller.watch(here.number(), noted);
    look();
    EXPECT_EQ(noted.times, 1) << "it can be written";
    look();
    EXPECT_EQ(noted.times, 1);
    write_there();
    look(Poller::forever);
    look();
    EXPECT_EQ(noted.times, 2);
    EXPECT_FALSE(noted.ended);
    there.close();
    look(Poller::forever);
    EXPECT_EQ(noted.times, 3);
    EXPECT_TRUE(noted.ended);
}

TEST_F(PollerTest, WhoIsNotWatchedAnyMoreIsNotTold) {
    Noted other;
    auto const watch = poller.watch(here.number(), noted);
    auto const watch_other = poller.watch(there.number(), other);
    EXPECT_TRUE(poller.any());
    // Both are to be told of now; the first one ends the watch of the second.
    noted.then = [&] { poller.unwatch(watch_other); };
    other.then = [&] { poller.unwatch(watch); };
    look();
    EXPECT_EQ(noted.times + other.times, 1);
    poller.unwatch(noted.times == 1 ? watch : watch_other);
    EXPECT_FALSE(poller.any());
    write_there();
    look();
    EXPECT_EQ(noted.times + other.times, 1);
}

TEST_F(PollerTest, AWakeThatComesBeforeTheWaitIsNotLost) {
    for (int n = 0; n < 3; ++n) {
        poller.wake();
        poller.wait(Poller::forever);
    }
    std::jthread const other([&] { poller.wake(); });
    poller.wait(Poller::forever);
}

}  // namespace
}  // namespace klamm::remote
