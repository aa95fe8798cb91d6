// broker/fetch_watch.h - lists of those who wait for something, each a link in what it belongs to.
//
//     head ──▶ link ──▶ link ──▶ ...
//
// A link that goes away leaves its list; a head that goes away leaves its links on their own. Lists
// are in the order of time, the latest first, so walking one is deterministic.
#pragma once

#include <cstdint>
#include <utility>

namespace klamm::broker {

template <class Owner>
class Link {
public:
    Link() = default;
    explicit Link(Owner* owner) : owner_(owner) {}
    ~Link() { unlink(); }
    Link(Link const&) = delete;
    Link& operator=(Link const&) = delete;

    /// Into the list of `head`, out of the one where it was.
    void link(Link& head) {
        unlink();
        before_ = &head;
        after_ = std::exchange(head.after_, this);
        if (after_ != nullptr) after_->before_ = this;
    }
    void unlink() {
        if (before_ != nullptr) before_->after_ = after_;
        if (after_ != nullptr) after_->before_ = before_;
        before_ = after_ = nullptr;
    }
    bool linked() const { return before_ != nullptr; }

    /// Null at the end of the list.
    Link* next() const { return after_; }
    Owner& owner() const { return *owner_; }

private:
    Owner* owner_ = nullptr;  ///< null: a head
    Link* before_ = nullptr;
    Link* after_ = nullptr;
};

enum class FetchId : std::uint64_t {};

/// A fetch that waits for enough bytes to become visible.
struct FetchWaiter {
    FetchId id{};
    std::uint64_t bytes = 0;  ///< visible so far
    std::uint64_t bytes_min = 0;
    bool read_committed = false;
    bool woken = false;
};

}  // namespace klamm::broker
