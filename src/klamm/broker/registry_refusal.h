// broker/registry_refusal.h - why a change of the registry was not made.
#pragma once

#include <cstdint>
#include <string>

namespace klamm::broker {

/// Why a change of the registry was not made; nothing happened.
struct RegistryRefusal {
    enum class Why : std::uint8_t {
        conflict,   ///< the registry has changed meanwhile: decide again
        too_large,  ///< no entry has room for it; it never will
        full,       ///< no disk space is left, or no partition: later it may succeed
    };
    Why why{};
    std::string message;
};

}  // namespace klamm::broker
