// cli/moment.h - points in time and in a log, as people write them.
#pragma once

#include "klamm/cli/outcome.h"

#include <cstdint>
#include <string>

namespace klamm::cli {

/// Milliseconds since 1970 for "2026-01-31", "2026-01-31T12:00", "2026-01-31T12:00:30", each
/// in UTC and with or without a Z, or for a number of milliseconds.
Outcome<std::int64_t> parse_moment(std::string const& text);

/// Where reading begins.
struct Start {
    enum class Kind { beginning, end, offset, before_end, time };
    Kind kind = Kind::beginning;
    std::int64_t value = 0;  ///< an offset, a number of records, or milliseconds since 1970

    bool operator==(Start const&) const = default;
};
/// "beginning", "end", "1000" (an offset), "-10" (that many before the end of each partition),
/// or a moment with a date.
Outcome<Start> parse_start(std::string const& text);

}  // namespace klamm::cli
