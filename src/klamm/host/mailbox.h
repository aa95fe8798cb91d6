// host/mailbox.h - what other threads bring to one thread, which is woken once for all that comes
// before it looks.
#pragma once

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace klamm::host {

template <class T>
class Mailbox {
public:
    /// True: it was empty, so the owner has to be woken.
    [[nodiscard]] bool put(std::vector<T> more) {
        std::lock_guard const lock(mutex_);
        if (inside_.empty()) {
            inside_ = std::move(more);
            return true;
        }
        std::move(more.begin(), more.end(), std::back_inserter(inside_));
        return false;
    }
    /// All that is there, in the order of its coming.
    std::vector<T> take() {
        std::lock_guard const lock(mutex_);
        return std::exchange(inside_, {});
    }

private:
    std::mutex mutex_;
    std::vector<T> inside_;
};

}  // namespace klamm::host
