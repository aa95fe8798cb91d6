// journal/body_queue.h - bodies of entries in the order of their positions, and what they cost.
//
// A body is a slice of a larger buffer (a request that a socket filled), and the buffer lives as
// long as any slice of it. So the queue counts buffers, not slices: neighbours of the same buffer
// pay once, and the one that leaves last carries the price.
//
// Thread: one at a time.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/journal/journal.h"

#include <deque>

namespace klamm::journal {

class BodyQueue {
public:
    /// Requires that positions grow.
    void push(Position position, Slice body);
    void pop();  ///< the oldest; requires one
    /// Null when it is not here.
    Slice const* find(Position position) const;

    bool empty() const { return items_.empty(); }
    Position oldest() const { return items_.front().position; }
    /// Memory that the queue keeps alive, bookkeeping included.
    std::size_t bytes() const { return bytes_; }

private:
    struct Item {
        Position position{};
        Slice body;
        std::size_t cost = 0;
    };
    std::deque<Item> items_;
    std::size_t bytes_ = 0;
};

}  // namespace klamm::journal
