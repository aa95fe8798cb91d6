// remote/poller.h - waits until a socket can be read or written, or somebody wakes it.
//
// Sockets are watched for good, in both directions, and told of once for each change (epoll's
// edge): waiting for something else costs no system call.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace klamm::remote {

/// A descriptor that is closed at the end; -1: none.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;

    int number() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    /// Instead of the one before, which is closed.
    void open(int number);
    void close();

private:
    int number_;
};

/// Thread: one, but for wake().
class Poller {
public:
    /// Who wants to know of a descriptor.
    class Watcher {
    public:
        /// It may be readable, or writable again: it is tried until it would block. `ended`: the
        /// other side sends no more, or it is broken.
        virtual void ready(bool ended) = 0;

    protected:
        ~Watcher() = default;
    };
    using Watch = std::uint64_t;

    Poller();
    Poller(Poller const&) = delete;
    Poller& operator=(Poller const&) = delete;

    /// `watcher` is told, in tell(), until unwatch(), which comes before the descriptor is closed.
    Watch watch(int descriptor, Watcher& watcher);
    void unwatch(Watch watch);
    bool any() const { return !watches_.empty(); }

    /// Until somebody is to be told, `timeout` is over (rounded up to milliseconds) or it is woken.
    void wait(std::chrono::nanoseconds timeout);
    static constexpr std::chrono::nanoseconds forever{-1};
    /// Those that the last wait() ended for.
    void tell();
    /// Ends a wait(), or the next one. Any thread.
    void wake();

private:
    struct Watched {
        int descriptor = -1;
        Watcher* watcher = nullptr;
    };
    struct Ready {
        Watch watch = 0;
        bool ended = false;
    };
    Descriptor epoll_;
    Descriptor event_;  ///< of wake(): never read, each write is an edge
    std::unordered_map<Watch, Watched> watches_;
    std::vector<Ready> ready_;
    Watch next_ = 1;
};

}  // namespace klamm::remote
