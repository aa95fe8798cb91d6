// base/uuid.h - 128-bit identifiers, as Kafka writes them: base64url without padding.
#pragma once

#include "klamm/base/random.h"

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace klamm {

struct Uuid {
    std::array<std::byte, 16> bytes{};  ///< all zero: none

    constexpr bool is_none() const { return *this == Uuid{}; }
    auto operator<=>(Uuid const&) const = default;

    static Uuid random(Random& random);  ///< version 4; its text never starts with '-'
};

std::string to_string(Uuid const& id);                        ///< 22 characters, base64url
std::optional<Uuid> parse_uuid(std::string_view base64url);   ///< null unless exactly 22 good ones
std::string to_hyphenated(Uuid const& id);                    ///< 8-4-4-4-12 hex, for member ids

}  // namespace klamm
