// base/time.h - time is an input: whoever drives the broker says what time it is.
#pragma once

#include <chrono>
#include <cstdint>

namespace klamm {

/// The broker's clock: monotone, with no meaning outside the process. For timers.
struct BrokerClock {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BrokerClock>;
    static constexpr bool is_steady = true;
};
using Instant = BrokerClock::time_point;
using Duration = BrokerClock::duration;

/// The time of one step, constant within it.
struct Now {
    Instant instant;           ///< for timers
    std::int64_t wall_ms = 0;  ///< milliseconds since 1970, for timestamps; may jump
    bool operator==(Now const&) const = default;
};

}  // namespace klamm
