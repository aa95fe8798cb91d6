#include "klamm/journal/body_queue.h"

#include "klamm/base/ensure.h"

namespace klamm::journal {

void BodyQueue::push(Position position, Slice body) {
    ensure(items_.empty() || items_.back().position < position);
    auto cost = sizeof(Item) + body.owner_bytes();
    if (!items_.empty() && body.owner() && items_.back().body.owner() == body.owner()) {
        auto& before = items_.back();
        bytes_ -= before.cost - sizeof(Item);
        before.cost = sizeof(Item);
    }
    bytes_ += cost;
    items_.push_back({position, std::move(body), cost});
}

void BodyQueue::pop() {
    ensure(!items_.empty());
    bytes_ -= items_.front().cost;
    items_.pop_front();
}

Slice const* BodyQueue::find(Position position) const {
    auto const at = std::ranges::lower_bound(items_, position, {}, &Item::position);
    return at == items_.end() || at->position != position ? nullptr : &at->body;
}

}  // namespace klamm::journal
