#include "klamm/broker/l1_files.h"

#include "klamm/base/ensure.h"

namespace klamm::broker {

bool L1Files::add(journal::FileNumber number, std::uint64_t bytes) {
    if (number < next_) return false;
    next_ = journal::FileNumber(std::to_underlying(number) + 1);
    files_[number] = {.bytes = bytes};
    bytes_ += bytes;
    return true;
}

void L1Files::hold(journal::FileNumber number, std::uint64_t bytes) {
    auto const found = files_.find(number);
    ensure(found != files_.end());
    found->second.needed += bytes;
    found->second.stored = std::max(found->second.stored, found->second.needed);
}

void L1Files::release(std::span<ReleasedBytes const> released) {
    for (auto const& [number, bytes] : released) {
        auto const found = files_.find(number);
        ensure(found != files_.end() && found->second.needed >= bytes);
        found->second.needed -= bytes;
        settle(number);
    }
}

void L1Files::settle(journal::FileNumber number) {
    auto const found = files_.find(number);
    if (found == files_.end() || found->second.needed > 0) return;
    bytes_ -= found->second.bytes;
    files_.erase(found);
    forgotten_.push_back(number);
}

bool L1Files::restore(journal::FileNumber number, std::uint64_t bytes, std::uint64_t stored) {
    if (number >= next_ || !files_.emplace(number, File{bytes, stored, 0}).second) return false;
    bytes_ += bytes;
    return true;
}

}  // namespace klamm::broker
