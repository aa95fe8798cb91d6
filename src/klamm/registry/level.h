// registry/level.h - what a new version of a subject must be compatible with, and in which
// direction.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace klamm::registry {

enum class Level : std::uint8_t {
    none,
    backward,
    backward_transitive,
    forward,
    forward_transitive,
    full,
    full_transitive,
};

/// "BACKWARD_TRANSITIVE", as the registry's clients read it.
std::string_view name_of(Level level);
/// In letters of either case.
std::optional<Level> level_named(std::string_view name);

/// New readers must read old data.
bool checks_backward(Level level);
/// Old readers must read new data.
bool checks_forward(Level level);
/// Against all versions, not only the latest.
bool is_transitive(Level level);

}  // namespace klamm::registry
