#include "klamm/schema/json/hash_order.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_set>
#include <utility>

namespace klamm::schema::jsonschema {
namespace {

/// String.hashCode of UTF-8 as UTF-16, spread as HashMap spreads it.
std::uint32_t java_hash(std::string_view text) {
    std::uint32_t hash = 0;
    auto const add = [&](std::uint32_t unit) { hash = 31 * hash + unit; };
    for (std::size_t i = 0; i < text.size();) {
        auto const lead = static_cast<unsigned char>(text[i]);
        auto const bytes = lead < 0x80 ? 1u : lead < 0xE0 ? 2u : lead < 0xF0 ? 3u : 4u;
        auto point = std::uint32_t(bytes == 1 ? lead : lead & (0x7Fu >> bytes));
        for (std::size_t j = 1; j < bytes && i + j < text.size(); ++j)
            point = point << 6 | (static_cast<unsigned char>(text[i + j]) & 0x3Fu);
        i += bytes;
        if (point >= 0x10000) {
            add(0xD800 + ((point - 0x10000) >> 10));
            add(0xDC00 + ((point - 0x10000) & 0x3FF));
        } else {
            add(point);
        }
    }
    return hash ^ (hash >> 16);
}

}  // namespace

std::vector<std::string_view> in_hash_order(std::vector<std::string_view> const& first,
                                            std::vector<std::string_view> const& second) {
    std::unordered_set<std::string_view> seen;
    std::vector<std::string_view> names;
    for (auto const* list : {&first, &second})
        for (auto const name : *list)
            if (seen.insert(name).second) names.push_back(name);
    // new HashSet(first), then add: a table for 4/3 of them, doubled when three quarters are full.
    auto table = std::bit_ceil(std::max<std::size_t>(first.size() * 4 / 3 + 1, 16));
    while (names.size() > table * 3 / 4) table *= 2;
    // In one place of the table, those that came first stand first.
    std::vector<std::pair<std::size_t, std::size_t>> placed;
    for (std::size_t i = 0; i < names.size(); ++i)
        placed.emplace_back(java_hash(names[i]) & (table - 1), i);
    std::ranges::sort(placed);
    std::vector<std::string_view> ordered;
    for (auto const& [place, i] : placed) ordered.push_back(names[i]);
    return ordered;
}

}  // namespace klamm::schema::jsonschema
