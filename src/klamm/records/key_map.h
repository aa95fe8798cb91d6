// records/key_map.h - the newest offset of each key, in bounded memory: what compaction goes by.
//
// A key is known by 128 bits of a keyed hash: nobody can make two keys collide on purpose, and by
// chance it happens once in 10^20 for a billion keys.
//
// Thread: one at a time; several may read at once.
#pragma once

#include "klamm/base/siphash.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace klamm::records {

class KeyMap {
public:
    /// `bytes_max` is a limit; memory grows towards it as keys come.
    KeyMap(std::size_t bytes_max, Hash128 seed);

    /// Remembers `offset` if it is the largest of this key. False: there is no room for a further
    /// key; nothing changed.
    [[nodiscard]] bool put(ByteView key, std::int64_t offset);
    std::optional<std::int64_t> newest(ByteView key) const;

    std::size_t keys() const { return keys_; }
    std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
    struct Slot {
        Hash128 hash;
        std::int64_t offset = -1;  ///< -1: nothing is here
    };
    std::size_t place(std::vector<Slot> const& slots, Hash128 const& hash) const;
    bool grow();

    Hash128 const seed_;
    std::size_t const slots_max_;
    std::vector<Slot> slots_;  ///< a power of two
    std::size_t keys_ = 0;
};

}  // namespace klamm::records
