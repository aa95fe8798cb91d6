#include "klamm/registry/level.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace klamm::registry {
namespace {

struct Row {
    std::string_view name;
    bool backward;
    bool forward;
    bool transitive;
};

// In the order of the enum.
constexpr std::array<Row, 7> rows{{
    {"NONE", false, false, false},
    {"BACKWARD", true, false, false},
    {"BACKWARD_TRANSITIVE", true, false, true},
    {"FORWARD", false, true, false},
    {"FORWARD_TRANSITIVE", false, true, true},
    {"FULL", true, true, false},
    {"FULL_TRANSITIVE", true, true, true},
}};

Row const& row_of(Level level) { return rows[std::size_t(level)]; }

char upper(char letter) { return letter >= 'a' && letter <= 'z' ? char(letter - 32) : letter; }

}  // namespace

std::string_view name_of(Level level) { return row_of(level).name; }

std::optional<Level> level_named(std::string_view name) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (std::ranges::equal(name, rows[i].name, {}, upper)) return Level(i);
    return std::nullopt;
}

bool checks_backward(Level level) { return row_of(level).backward; }
bool checks_forward(Level level) { return row_of(level).forward; }
bool is_transitive(Level level) { return row_of(level).transitive; }

}  // namespace klamm::registry
