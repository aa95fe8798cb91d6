// host/inbox.h - what one state machine is given to do by many threads: bounded, taken all at once,
// and worked off by one thread at a time, whose turn it is.
//
//     push ──▶ try_take ──▶ work ──▶ done         whoever brought something does it at once, if
//                                                   nobody else has the turn; else who has it goes
//                                                   on
//              take ──────▶ work ──▶ done         the owner: for what is due at a time, and for
//                                                   what was pushed by threads that must not work
//
// So under light load no thread has to be woken, which costs more than most of the work, and
// under heavy load one turn serves many senders.
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

    /// Whether the owner is woken, or the caller will call try_take() soon.
    enum class Then : std::uint8_t { wake_owner, try_take };

    /// False when it already holds `limit` or more; `item` is then left as it was, and the next
    /// turn says that somebody was refused. The caller calls try_take() soon.
    [[nodiscard]] bool try_push(T& item, std::size_t limit) {
        std::lock_guard const lock(mutex_);
        if (items_.size() >= limit) {
            refused_ = true;
            return false;
        }
        items_.push_back(std::move(item));
        return true;
    }
    /// For what the caller bounds in another way.
    void push(T item, Then then = Then::wake_owner) {
        std::unique_lock lock(mutex_);
        items_.push_back(std::move(item));
        if (then == Then::wake_owner) want(lock);
    }

    struct Turn {
        bool refused = false;  ///< somebody was refused since the last turn, and there is room now
        bool woken = false;    ///< the owner had to sleep
        bool closed = false;   ///< and nothing is left; the turn is over
    };
    /// The owner's: waits until it is wanted, or something is due, and the turn is free; then swaps
    /// what is there, perhaps nothing, with the empty `into`.
    Turn take(std::vector<T>& into) {
        std::unique_lock lock(mutex_);
        bool woken = false;
        for (;; woken = true) {
            // What was pushed during the owner's own turn was left to it.
            bool const wanted =
                wanted_ || closed_ || !items_.empty() || (due_ && *due_ <= Clock::now());
            if (wanted && !busy_) break;
            alarm_ = wanted ? std::nullopt : due_;
            asleep_ = true;
            if (alarm_)
                condition_.wait_until(lock, *alarm_);
            else
                condition_.wait(lock);
            asleep_ = false;
        }
        if (closed_ && items_.empty()) return {.closed = true};
        return begin(into, woken);
    }
    /// Anybody's: the turn, if it is free and there is something. `into` belongs to who has the
    /// turn.
    std::optional<Turn> try_take(std::vector<T>& into) {
        std::lock_guard const lock(mutex_);
        if (busy_ || closed_ || items_.empty()) return std::nullopt;
        return begin(into, false);
    }
    /// Ends a turn. At `due` the owner takes the next one, if nobody did so before.
    void done(std::optional<Clock::time_point> due) {
        std::unique_lock lock(mutex_);
        busy_ = false;
        due_ = due;
        bool const earlier = due_ && (!alarm_ || *due_ < *alarm_);
        if (asleep_ && (wanted_ || closed_ || earlier)) notify(lock);
    }
    /// Leaves to the owner what came meanwhile.
    void leave() {
        std::unique_lock lock(mutex_);
        if (!items_.empty() && !busy_) want(lock);
    }
    /// From now on only the owner has turns, until nothing is left.
    void close() {
        std::unique_lock lock(mutex_);
        closed_ = true;
        want(lock);
    }

    std::size_t size() const {
        std::lock_guard const lock(mutex_);
        return items_.size();
    }

private:
    Turn begin(std::vector<T>& into, bool woken) {
        busy_ = true;
        wanted_ = false;
        into.swap(items_);
        return {.refused = std::exchange(refused_, false), .woken = woken};
    }
    void want(std::unique_lock<std::mutex>& lock) {
        wanted_ = true;
        if (asleep_ && !busy_) notify(lock);  // else done() does it
    }
    void notify(std::unique_lock<std::mutex>& lock) {
        lock.unlock();
        condition_.notify_one();
    }

    mutable std::mutex mutex_;
    std::condition_variable condition_;
    std::vector<T> items_;
    bool busy_ = false;    ///< somebody has the turn
    bool wanted_ = false;  ///< the owner is to take the next one
    bool closed_ = false;
    bool refused_ = false;
    bool asleep_ = false;                     ///< the owner
    std::optional<Clock::time_point> alarm_;  ///< until when, if not woken
    std::optional<Clock::time_point> due_;
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
