// cli/demo/flights_file.h - the flights of examples/flights, as events.
#pragma once

#include "flights/flights.h"
#include "klamm/cli/outcome.h"

#include <string>
#include <vector>

namespace klamm::cli {

/// All flights of a CSV file with the heading that tools/flights-csv writes, or the failure with
/// file and line. Their names begin with `prefix`, so that those of another run differ.
Outcome<std::vector<flights::FlightLanded>> read_flights(std::string const& path,
                                                         std::string const& prefix);

}  // namespace klamm::cli
