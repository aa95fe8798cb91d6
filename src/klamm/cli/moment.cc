#include "klamm/cli/moment.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <ctime>
#include <optional>

namespace klamm::cli {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    auto const* end = text.data() + text.size();
    auto const parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

std::optional<std::int64_t> utc(std::string text) {
    if (text.ends_with('Z')) text.pop_back();
    for (auto const* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
                             "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
        std::tm parts{};
        auto const* end = ::strptime(text.c_str(), form, &parts);
        if (end == nullptr || *end != '\0') continue;
        auto const day = parts.tm_mday;
        auto const seconds = ::timegm(&parts);
        if (parts.tm_mday != day) return std::nullopt;  // February 30 became March 2
        return std::int64_t(seconds) * 1000;
    }
    return std::nullopt;
}

}  // namespace

Outcome<std::int64_t> parse_moment(std::string const& text) {
    if (auto const ms = whole_number(text); ms && *ms >= 0) return *ms;
    if (auto const ms = utc(text)) return *ms;
    return misused(fmt::format("{}: not a time", text),
                   "write 2026-01-31 or 2026-01-31T12:00:30 (UTC), or milliseconds since 1970");
}

Outcome<Start> parse_start(std::string const& text) {
    using enum Start::Kind;
    if (text == "beginning") return Start{beginning, 0};
    if (text == "end") return Start{end, 0};
    if (auto const number = whole_number(text))
        return *number < 0 ? Start{before_end, -*number} : Start{offset, *number};
    if (auto const ms = utc(text)) return Start{time, *ms};
    return misused(fmt::format("--from {}: no place to begin", text),
                   "beginning, end, an offset, -N for the last N, or a time like 2026-01-31T12:00");
}

}  // namespace klamm::cli
