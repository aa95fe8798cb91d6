// host/log.h - the log on stderr. Cheap to include.
//
// Any thread. A line that a peer can cause goes through log_peer(), which writes at most
// `peer_lines_per_second_max` and says how many it left out.
#pragma once

#include <cstdint>
#include <string_view>

namespace klamm::host {

inline constexpr std::uint32_t peer_lines_per_second_max = 20;

void log_info(std::string_view line);
void log_warning(std::string_view line);
void log_error(std::string_view line);
void log_peer(std::string_view line);

/// From now on, in all of the process: no log_info() any more.
void log_only_problems();

/// Logs, then leaves the process with 1 at once: nothing that is in flight gets out.
[[noreturn]] void stop_process(std::string_view why);

}  // namespace klamm::host
