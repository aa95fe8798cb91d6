// handler/rfc3339.h - times as text: 2026-11-23T16:00:00.250Z.
//
// Source: https://www.rfc-editor.org/rfc/rfc3339. Years beyond 0 to 9999, which it does not have,
// are written with a sign and six digits or more, as ISO 8601 does: what was written can be read.
#pragma once

#include "klamm/message.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

/// In UTC, with milliseconds where there are any. Written here, for each event that is sent has
/// one.
class Rfc3339 {
public:
    explicit Rfc3339(Time time);
    std::string_view text() const { return {text_.data(), size_}; }

private:
    void put(char c) { text_[size_++] = c; }
    void put(std::int64_t number, std::size_t digits);

    std::array<char, 40> text_;
    std::size_t size_ = 0;
};
std::string to_rfc3339(Time time);
/// Any offset; fractions of a millisecond are cut off. None: it is no such time.
std::optional<Time> from_rfc3339(std::string_view text);

}  // namespace klamm::handler
