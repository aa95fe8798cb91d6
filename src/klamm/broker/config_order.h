// broker/config_order.h - tables of configs are searched by name, so they must be in its order.
#pragma once

#include <algorithm>

namespace klamm::broker {

consteval bool in_order(auto const& table) {
    return std::ranges::adjacent_find(
               table, [](auto const& a, auto const& b) { return a.name >= b.name; }) == table.end();
}

}  // namespace klamm::broker
