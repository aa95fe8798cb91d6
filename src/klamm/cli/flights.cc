#include "klamm/cli/flights.h"

#include "klamm/cli/json.h"
#include "klamm/cli/text.h"

#include <fmt/core.h>
#include <rapidjson/document.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>

namespace klamm::cli {
namespace {

constexpr std::string_view heading = "date,delay,distance,origin,destination";

std::optional<std::int32_t> number(std::string_view text) {
    std::int32_t value = 0;
    auto const* end = text.data() + text.size();
    auto const parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

std::optional<Flight> parse(std::string_view line) {
    std::array<std::string_view, 5> cells;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        auto const comma = line.find(',');
        if ((comma == std::string_view::npos) != (i + 1 == cells.size())) return std::nullopt;
        cells[i] = line.substr(0, comma);
        line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 1);
    }
    auto const delay = number(cells[1]);
    auto const distance = number(cells[2]);
    if (!delay || !distance || cells[3].empty()) return std::nullopt;
    return Flight{std::string(cells[0]), *delay, *distance, std::string(cells[3]),
                  std::string(cells[4])};
}

}  // namespace

Outcome<std::vector<Flight>> read_flights(std::string const& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "re"),
                                                               &std::fclose);
    if (!file)
        return failed(fmt::format("{}: {}", path, std::strerror(errno)),
                      "run from the repository's root, or name the file with --flights");
    std::vector<Flight> flights;
    LineReader reader(file.get());
    std::string line;
    auto result = reader.next(line);
    if (result == LineReader::Result::line && line != heading)
        return failed(fmt::format("{}:1: the heading is not '{}'", path, heading));
    for (; (result = reader.next(line)) == LineReader::Result::line;) {
        auto flight = parse(line);
        if (!flight) return failed(fmt::format("{}:{}: not a flight", path, reader.number()));
        flights.push_back(std::move(*flight));
    }
    if (result != LineReader::Result::end || flights.empty())
        return failed(fmt::format("{}: no flights can be read from it", path));
    return flights;
}

std::string to_json(Flight const& flight) {
    Json json;
    json.object()
        .field("date", flight.date)
        .field("delay", flight.delay_minutes)
        .field("distance", flight.distance_miles)
        .field("origin", flight.origin)
        .field("destination", flight.destination)
        .end_object();
    return std::string(json.text());
}

std::optional<Flight> flight_from_json(std::string_view json) {
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    if (document.HasParseError() || !document.IsObject()) return std::nullopt;
    auto const text = [&](char const* name) -> std::optional<std::string> {
        auto const it = document.FindMember(name);
        if (it == document.MemberEnd() || !it->value.IsString()) return std::nullopt;
        return std::string(it->value.GetString(), it->value.GetStringLength());
    };
    auto const whole = [&](char const* name) -> std::optional<std::int32_t> {
        auto const it = document.FindMember(name);
        if (it == document.MemberEnd() || !it->value.IsInt()) return std::nullopt;
        return it->value.GetInt();
    };
    auto const date = text("date");
    auto const delay = whole("delay");
    auto const distance = whole("distance");
    auto const origin = text("origin");
    auto const destination = text("destination");
    if (!date || !delay || !distance || !origin || !destination) return std::nullopt;
    return Flight{*date, *delay, *distance, *origin, *destination};
}

std::int64_t timestamp_ms(Flight const& flight) {
    std::tm parts{};
    auto const* end = ::strptime(flight.date.c_str(), "%Y/%m/%d %H:%M", &parts);
    if (end == nullptr || *end != '\0') return -1;
    return std::int64_t(::timegm(&parts)) * 1000;
}

void count(DelaysByAirport& delays, Flight const& flight) {
    auto& airport = delays[flight.origin];
    ++airport.flights;
    airport.minutes += flight.delay_minutes;
}

Delays total(DelaysByAirport const& delays) {
    Delays sum;
    for (auto const& [airport, part] : delays) {
        sum.flights += part.flights;
        sum.minutes += part.minutes;
    }
    return sum;
}

}  // namespace klamm::cli
