#include "klamm/schema/json/values.h"

#include "klamm/schema/json/decimal.h"

#include <algorithm>
#include <functional>

namespace klamm::schema::jsonschema {
namespace {

/// Numbers that are written like this are equal only when their texts are.
bool is_plain(std::string_view number) {
    return number.find_first_of(".eE") == number.npos && number != "-0";
}

bool equal_numbers(std::string_view a, std::string_view b) {
    if (a == b) return true;
    if (is_plain(a) && is_plain(b)) return false;
    return Decimal(a) == Decimal(b);
}

/// The keys of an object with their places, sorted.
std::vector<std::pair<std::string_view, At>> sorted_members(Tape const& tape, At object) {
    std::vector<std::pair<std::string_view, At>> members;
    for (At key = object + 1; key < tape[object].end; key = tape[key + 1].end)
        members.emplace_back(tape[key].view(), key + 1);
    std::ranges::sort(members);
    return members;
}

std::size_t mix(std::size_t a, std::size_t b) { return (a ^ b) * 0x9E3779B97F4A7C15u + (a >> 29); }

}  // namespace

bool equal(Tape const& a, At at_a, Tape const& b, At at_b, std::size_t& steps) {
    auto const& one = a[at_a];
    auto const& other = b[at_b];
    if (one.is != other.is) return false;
    auto const cost = 1 + one.size / 16;
    if (steps <= cost) {
        steps = 0;
        return false;
    }
    steps -= cost;
    switch (one.is) {
        case Is::null:
            return true;
        case Is::boolean:
            return one.yes == other.yes;
        case Is::number:
            return equal_numbers(one.view(), other.view());
        case Is::string:
            return one.view() == other.view();
        case Is::array: {
            if (one.size != other.size) return false;
            At i = at_a + 1;
            At j = at_b + 1;
            for (; i < one.end; i = a[i].end, j = b[j].end)
                if (!equal(a, i, b, j, steps)) return false;
            return true;
        }
        case Is::object: {
            if (one.size != other.size) return false;
            auto const from = sorted_members(a, at_a);
            auto const to = sorted_members(b, at_b);
            for (std::size_t i = 0; i < from.size(); ++i)
                if (from[i].first != to[i].first ||
                    !equal(a, from[i].second, b, to[i].second, steps))
                    return false;
            return true;
        }
    }
    return false;
}

std::size_t hash_of(Tape const& tape, At at) {
    std::hash<std::string_view> const hash;
    auto const& item = tape[at];
    auto const kind = std::size_t(item.is) + 1;
    switch (item.is) {
        case Is::null:
            return kind;
        case Is::boolean:
            return mix(kind, item.yes ? 1 : 2);
        case Is::string:
            return mix(kind, hash(item.view()));
        case Is::number: {
            Decimal const number(item.view());
            return mix(mix(kind, hash(number.digits())), std::size_t(number.exponent()));
        }
        case Is::array: {
            auto all = kind;
            for (At i = at + 1; i < item.end; i = tape[i].end) all = mix(all, hash_of(tape, i));
            return all;
        }
        case Is::object: {
            auto all = kind;
            for (At key = at + 1; key < item.end; key = tape[key + 1].end)
                all += mix(hash(tape[key].view()), hash_of(tape, key + 1));
            return all;
        }
    }
    return 0;
}

At repeated_element(Tape const& tape, At array, std::size_t& steps) {
    std::vector<std::pair<std::size_t, At>> hashed;
    hashed.reserve(tape[array].size);
    for (At i = array + 1; i < tape[array].end; i = tape[i].end)
        hashed.emplace_back(hash_of(tape, i), i);
    std::ranges::sort(hashed);
    for (std::size_t i = 0; i < hashed.size(); ++i)
        for (auto j = i + 1; j < hashed.size() && hashed[j].first == hashed[i].first; ++j)
            if (equal(tape, hashed[i].second, tape, hashed[j].second, steps))
                return hashed[j].second;
    return 0;
}

}  // namespace klamm::schema::jsonschema
