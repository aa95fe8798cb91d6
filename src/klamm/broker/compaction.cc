#include "klamm/broker/compaction.h"

#include <algorithm>

namespace klamm::broker {
namespace {

constexpr std::size_t passes_max = 32;
constexpr std::int64_t spacing_part = 8;

bool over(Compaction::Pass const& pass, std::int64_t now_ms, std::int64_t retention_ms) {
    return now_ms - pass.at_ms >= retention_ms;
}

}  // namespace

void Compaction::passed(std::int64_t end, std::int64_t at_ms, std::int64_t delete_retention_ms) {
    first_dirty = std::max(first_dirty, end);
    ++count;
    // Of those whose time is over the newest says it all.
    while (passes.size() > 1 && over(passes[1], at_ms, delete_retention_ms))
        passes.erase(passes.begin());
    auto const close = delete_retention_ms / spacing_part;
    if (passes.size() > 1 && at_ms - passes[passes.size() - 2].at_ms < close)
        passes.back() = {end, at_ms};
    else
        passes.push_back({end, at_ms});
    if (passes.size() > passes_max) passes.erase(passes.begin() + 1);
}

std::int64_t Compaction::tombstones_end(std::int64_t now_ms,
                                        std::int64_t delete_retention_ms) const {
    std::int64_t end = 0;
    for (auto const& pass : passes)
        if (over(pass, now_ms, delete_retention_ms)) end = std::max(end, pass.end);
    return end;
}

}  // namespace klamm::broker
