// cli/flights.h - the flights of examples/flights, and what is counted of them.
#pragma once

#include "klamm/cli/outcome.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

struct Flight {
    std::string date;  ///< departure, "2001/01/01 00:47", local
    std::int32_t delay_minutes = 0;
    std::int32_t distance_miles = 0;
    std::string origin;
    std::string destination;

    bool operator==(Flight const&) const = default;
};

/// All flights of a CSV file with the heading that tools/flights-csv writes, or the failure
/// with file and line.
Outcome<std::vector<Flight>> read_flights(std::string const& path);

std::string to_json(Flight const& flight);
std::optional<Flight> flight_from_json(std::string_view json);
/// Its date as milliseconds since 1970, taken as UTC; -1 if it is no date.
std::int64_t timestamp_ms(Flight const& flight);

struct Delays {
    std::int64_t flights = 0;
    std::int64_t minutes = 0;

    double mean() const { return flights == 0 ? 0 : double(minutes) / double(flights); }
    bool operator==(Delays const&) const = default;
};
using DelaysByAirport = std::map<std::string, Delays>;

void count(DelaysByAirport& delays, Flight const& flight);
Delays total(DelaysByAirport const& delays);

}  // namespace klamm::cli
