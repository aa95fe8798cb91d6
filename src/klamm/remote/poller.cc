#include "klamm/remote/poller.h"

#include "klamm/base/ensure.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace klamm::remote {
namespace {

constexpr std::size_t events_per_wait = 64;
constexpr Poller::Watch of_wake = 0;

void add(int epoll, int descriptor, std::uint32_t events, Poller::Watch watch) {
    epoll_event event{};
    event.events = events | EPOLLET;
    event.data.u64 = watch;
    ensure(::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

int rounded_up_ms(std::chrono::nanoseconds timeout) {
    constexpr std::chrono::hours long_enough{1};
    if (timeout < std::chrono::nanoseconds{0}) return -1;
    if (timeout > long_enough) timeout = long_enough;
    return int(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
}

}  // namespace

void Descriptor::open(int number) {
    close();
    number_ = number;
}

void Descriptor::close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), event_(::eventfd(0, EFD_CLOEXEC)) {
    ensure(bool(epoll_));
    ensure(bool(event_));
    add(epoll_.number(), event_.number(), EPOLLIN, of_wake);
}

Poller::Watch Poller::watch(int descriptor, Watcher& watcher) {
    auto const watch = next_++;
    watches_.emplace(watch, Watched{descriptor, &watcher});
    add(epoll_.number(), descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP, watch);
    return watch;
}

void Poller::unwatch(Watch watch) {
    auto const found = watches_.find(watch);
    ensure(found != watches_.end());
    ::epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, found->second.descriptor, nullptr);
    watches_.erase(found);
}

void Poller::wait(std::chrono::nanoseconds timeout) {
    std::array<epoll_event, events_per_wait> events;
    auto const count =
        ::epoll_wait(epoll_.number(), events.data(), int(events.size()), rounded_up_ms(timeout));
    for (int i = 0; i < count; ++i) {
        auto const& event = events[std::size_t(i)];
        if (event.data.u64 == of_wake) continue;
        bool const ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        ready_.push_back({event.data.u64, ended});
    }
}

void Poller::tell() {
    for (auto const& [watch, ended] : std::exchange(ready_, {})) {
        // Who is told may end the watch of another.
        auto const found = watches_.find(watch);
        if (found != watches_.end()) found->second.watcher->ready(ended);
    }
}

void Poller::wake() { std::ignore = ::eventfd_write(event_.number(), 1); }

}  // namespace klamm::remote
