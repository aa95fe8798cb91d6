#include "klamm/cli/demo/flights_file.h"

#include "klamm/cli/text.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

namespace klamm::cli {
namespace {

using flights::FlightLanded;

constexpr std::string_view heading = "date,delay,distance,origin,destination";

std::optional<std::int32_t> number(std::string_view text) {
    std::int32_t value = 0;
    auto const* end = text.data() + text.size();
    auto const parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

/// "2001/01/01 00:47", local, taken as UTC.
std::optional<Time> time_of(std::string const& date) {
    std::tm parts{};
    auto const* end = ::strptime(date.c_str(), "%Y/%m/%d %H:%M", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return Time{std::chrono::seconds{::timegm(&parts)}};
}

std::optional<FlightLanded> parse(std::string_view line) {
    std::array<std::string_view, 5> cells;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        auto const comma = line.find(',');
        if ((comma == std::string_view::npos) != (i + 1 == cells.size())) return std::nullopt;
        cells[i] = line.substr(0, comma);
        line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
    }
    auto const departed = time_of(std::string(cells[0]));
    auto const delay = number(cells[1]);
    auto const distance = number(cells[2]);
    if (!departed || !delay || !distance || cells[3].empty()) return std::nullopt;
    FlightLanded flight;
    flight.departed = *departed;
    flight.delay_minutes = *delay;
    flight.distance_miles = *distance;
    flight.origin = cells[3];
    flight.destination = cells[4];
    return flight;
}

}  // namespace

Outcome<std::vector<FlightLanded>> read_flights(std::string const& path,
                                                std::string const& prefix) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "re"),
                                                               &std::fclose);
    if (!file)
        return failed(fmt::format("{}: {}", path, std::strerror(errno)),
                      "run from the repository's root, or name the file with --flights");
    std::vector<FlightLanded> flights;
    LineReader reader(file.get());
    std::string line;
    auto result = reader.next(line);
    if (result == LineReader::Result::line && line != heading)
        return failed(fmt::format("{}:1: the heading is not '{}'", path, heading));
    for (; (result = reader.next(line)) == LineReader::Result::line;) {
        auto flight = parse(line);
        if (!flight) return failed(fmt::format("{}:{}: not a flight", path, reader.number()));
        flight->flight = fmt::format("{}-{:05}", prefix, flights.size() + 1);
        flights.push_back(std::move(*flight));
    }
    if (result != LineReader::Result::end || flights.empty())
        return failed(fmt::format("{}: no flights can be read from it", path));
    return flights;
}

}  // namespace klamm::cli
