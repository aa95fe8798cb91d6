// host/in_order.h - answers that come in any order leave in the order of their requests.
#pragma once

#include "klamm/base/ensure.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace klamm::host {

/// A window over the requests of one connection that have no sent answer yet. `Request` is what
/// is remembered of each, `Answer` what comes back. Thread: one.
template <class Request, class Answer>
class InOrder {
public:
    struct Slot {
        Request request;
        std::optional<Answer> answer;
    };

    /// Takes the next number, counted from 0.
    std::uint64_t open(Request request) {
        if (front_ > 0 && front_ * 2 >= slots_.size()) {
            slots_.erase(slots_.begin(), slots_.begin() + std::ptrdiff_t(front_));
            front_ = 0;
        }
        slots_.push_back({std::move(request), std::nullopt});
        return first_ + size() - 1;
    }
    /// Requires that `number` is open and not answered.
    void answer(std::uint64_t number, Answer answer) {
        ensure(number >= first_);
        ensure(number - first_ < size());
        auto& slot = slots_[front_ + (number - first_)];
        ensure(!slot.answer.has_value());
        slot.answer = std::move(answer);
    }
    bool empty() const { return size() == 0; }
    std::size_t size() const { return slots_.size() - front_; }
    /// The oldest request. Requires that there is one.
    Slot& front() { return slots_[front_]; }
    /// The newest request. Requires that there is one.
    Slot& back() { return slots_.back(); }
    void pop() {
        ensure(!empty());
        slots_[front_++] = {};
        ++first_;
    }

private:
    std::vector<Slot> slots_;
    std::size_t front_ = 0;    ///< slots before it are done
    std::uint64_t first_ = 0;  ///< number of slots_[front_]
};

}  // namespace klamm::host
