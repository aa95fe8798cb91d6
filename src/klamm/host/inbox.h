// host/inbox.h - what one thread is given to do by others: bounded, taken all at once.
//
// The owner sleeps while it is empty and takes everything that is there when it wakes, so that
// under load one wake-up serves many senders. A sender pays for waking only when the owner sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace klamm::host {

template <class T>
class Inbox {
public:
    using Clock = std::chrono::steady_clock;

    /// False when it already holds `limit` or more; `item` is then left as it was, and the next
    /// take() says that somebody was refused.
    [[nodiscard]] bool try_push(T& item, std::size_t limit) {
        std::unique_lock lock(mutex_);
        if (items_.size() >= limit) {
            refused_ = true;
            return false;
        }
        items_.push_back(std::move(item));
        wake(lock);
        return true;
    }
    /// For what the caller bounds in another way.
    void push(T item) {
        std::unique_lock lock(mutex_);
        items_.push_back(std::move(item));
        wake(lock);
    }

    struct Taken {
        bool refused = false;  ///< somebody was refused since the last time, and there is room now
        bool woken = false;    ///< the owner had to sleep
    };
    /// Waits until there is something, or `until`, and swaps it with the empty `into`.
    Taken take(std::vector<T>& into, std::optional<Clock::time_point> until) {
        std::unique_lock lock(mutex_);
        auto const something = [this] { return !items_.empty(); };
        bool const woken = items_.empty();
        sleeping_ = woken;
        if (until)
            condition_.wait_until(lock, *until, something);
        else
            condition_.wait(lock, something);
        sleeping_ = false;
        into.swap(items_);
        return {std::exchange(refused_, false), woken};
    }

    std::size_t size() const {
        std::lock_guard const lock(mutex_);
        return items_.size();
    }

private:
    void wake(std::unique_lock<std::mutex>& lock) {
        bool const sleeping = std::exchange(sleeping_, false);
        lock.unlock();
        if (sleeping) condition_.notify_one();
    }

    mutable std::mutex mutex_;
    std::condition_variable condition_;
    std::vector<T> items_;
    bool sleeping_ = false;
    bool refused_ = false;
};

/// Bytes held at the same time by all who share it. May be exceeded by one holder each, so that a
/// frame larger than what is left can still be served. Any thread.
class ByteBudget {
public:
    explicit ByteBudget(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

    /// Whether more may be taken now. After a refusal, release() will say when to ask again.
    [[nodiscard]] bool has_room() {
        if (used_.load() < bytes_max_) return true;
        refused_.store(true);
        return used_.load() < bytes_max_;  // it may have been released before it was marked
    }
    void take(std::int64_t bytes) { used_.fetch_add(bytes); }
    /// True when somebody was refused and there is room now: tell them all to ask again.
    [[nodiscard]] bool release(std::int64_t bytes) {
        auto const left = used_.fetch_sub(bytes) - bytes;
        return left < bytes_max_ && refused_.load(std::memory_order_relaxed) &&
               refused_.exchange(false);
    }
    std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

private:
    std::int64_t const bytes_max_;
    std::atomic<std::int64_t> used_{0};
    std::atomic<bool> refused_{false};
};

}  // namespace klamm::host
