#include "klamm/journal/memory_journal.h"

#include "klamm/base/ensure.h"

#include <utility>

namespace klamm::journal {
namespace {

/// Positions grow as those of a DiskJournal do, so that nobody comes to rely on dense ones.
constexpr std::uint64_t header_bytes = 48;

}  // namespace

std::expected<Position, Error> MemoryJournal::append(Entry entry) {
    std::uint64_t const bytes = entry.head.size() + entry.body.size();
    ensure(bytes <= entry_bytes_max);
    std::lock_guard const lock{mutex_};
    if (full_ || bodies_.bytes() + entry.body.owner_bytes() > bytes_max_)
        return std::unexpected(Error::full);
    auto const position = next_;
    next_ = Position{std::to_underlying(next_) + (header_bytes + bytes + 7) / 8 * 8};
    bodies_.push(position, std::move(entry.body));
    ends_.push_back(std::to_underlying(next_));
    return position;
}

std::expected<Position, Error> MemoryJournal::commit() {
    std::lock_guard const lock{mutex_};
    durable_ = next_;
    return durable_;
}

std::expected<Slice, Error> MemoryJournal::read(Position position, std::uint32_t) {
    std::lock_guard const lock{mutex_};
    ensure(position < durable_);
    if (position < first_) return std::unexpected(Error::trimmed);
    auto const* body = bodies_.find(position);
    if (body == nullptr) return std::unexpected(Error::corrupt);
    return *body;
}

std::optional<Slice> MemoryJournal::cached(Position position) {
    std::lock_guard const lock{mutex_};
    auto const* body = position < first_ ? nullptr : bodies_.find(position);
    return body == nullptr ? std::nullopt : std::optional{*body};
}

void MemoryJournal::trim(Position first) {
    std::lock_guard const lock{mutex_};
    first_ = std::max(first_, std::min(first, durable_));
    while (!bodies_.empty() && ends_.front() <= std::to_underlying(first_)) {
        bodies_.pop();
        ends_.pop_front();
    }
}

std::expected<void, Error> MemoryJournal::save(Checkpoint const& checkpoint) {
    std::lock_guard const lock{mutex_};
    ensure(checkpoint.covers <= durable_);
    if (full_) return std::unexpected(Error::full);
    return {};
}

Position MemoryJournal::first() const {
    std::lock_guard const lock{mutex_};
    return first_;
}

Position MemoryJournal::durable() const {
    std::lock_guard const lock{mutex_};
    return durable_;
}

Position MemoryJournal::next() const {
    std::lock_guard const lock{mutex_};
    return next_;
}

void MemoryJournal::set_full(bool full) {
    std::lock_guard const lock{mutex_};
    full_ = full;
}

}  // namespace klamm::journal
