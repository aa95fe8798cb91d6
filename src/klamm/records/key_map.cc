#include "klamm/records/key_map.h"

#include <algorithm>
#include <bit>

namespace klamm::records {
namespace {

constexpr std::size_t slots_min = 1024;
constexpr std::size_t full_at_tenths = 8;

}  // namespace

KeyMap::KeyMap(std::size_t bytes_max, Hash128 seed)
    : seed_(seed),
      slots_max_(std::max(slots_min, std::bit_floor(bytes_max / sizeof(Slot)))),
      slots_(slots_min) {}

/// Where the hash is, or would be put.
std::size_t KeyMap::place(std::vector<Slot> const& slots, Hash128 const& hash) const {
    auto const mask = slots.size() - 1;
    auto at = std::size_t(hash.low) & mask;
    while (slots[at].offset >= 0 && slots[at].hash != hash) at = (at + 1) & mask;
    return at;
}

bool KeyMap::grow() {
    if (slots_.size() >= slots_max_) return false;
    std::vector<Slot> larger(slots_.size() * 2);
    for (auto const& slot : slots_)
        if (slot.offset >= 0) larger[place(larger, slot.hash)] = slot;
    slots_ = std::move(larger);
    return true;
}

bool KeyMap::put(ByteView key, std::int64_t offset) {
    auto const hash = siphash128(key, seed_);
    auto at = place(slots_, hash);
    if (slots_[at].offset < 0) {
        if ((keys_ + 1) * 10 > slots_.size() * full_at_tenths) {
            if (!grow()) return false;
            at = place(slots_, hash);
        }
        ++keys_;
    }
    slots_[at] = {hash, std::max(slots_[at].offset, offset)};
    return true;
}

std::optional<std::int64_t> KeyMap::newest(ByteView key) const {
    auto const& slot = slots_[place(slots_, siphash128(key, seed_))];
    if (slot.offset < 0) return std::nullopt;
    return slot.offset;
}

}  // namespace klamm::records
