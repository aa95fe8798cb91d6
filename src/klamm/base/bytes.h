// base/bytes.h - bytes: owned, viewed, and shared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace klamm {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// A view that keeps what it looks at alive. Record bytes travel as slices of the buffer that
/// the socket filled: to the journal, to the tail cache and to fetch responses, uncopied.
///
/// Whoever holds a slice may only read, with one exception: before a batch enters the journal
/// the broker patches its base offset and leader epoch through `patchable()`.
class Slice {
public:
    Slice() = default;
    explicit Slice(Bytes bytes)
        : owner_(std::make_shared<Bytes>(std::move(bytes))),
          bytes_(*static_cast<Bytes const*>(owner_.get())),
          owner_bytes_(static_cast<Bytes const*>(owner_.get())->capacity()) {}
    /// `bytes` lie inside what `owner` keeps alive, which is `owner_bytes` of memory.
    Slice(std::shared_ptr<void> owner, ByteView bytes, std::size_t owner_bytes)
        : owner_(std::move(owner)), bytes_(bytes), owner_bytes_(owner_bytes) {}
    /// The same, where the owner holds no more than `bytes`.
    Slice(std::shared_ptr<void> owner, ByteView bytes)
        : Slice(std::move(owner), bytes, bytes.size()) {}

    ByteView view() const { return bytes_; }
    std::byte const* data() const { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    Slice part(std::size_t from, std::size_t size) const {
        return {owner_, bytes_.subspan(from, size), owner_bytes_};
    }
    /// Requires that nobody else reads these bytes yet, and that the owner made them writable.
    std::span<std::byte> patchable() const {
        return {const_cast<std::byte*>(bytes_.data()), bytes_.size()};
    }
    std::shared_ptr<void> const& owner() const { return owner_; }
    /// How much memory this slice keeps alive, for everything that holds slices within a budget.
    std::size_t owner_bytes() const { return owner_bytes_; }

    bool operator==(Slice const& other) const {
        return std::equal(bytes_.begin(), bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    }

private:
    std::shared_ptr<void> owner_;
    ByteView bytes_;
    std::size_t owner_bytes_ = 0;
};

}  // namespace klamm
