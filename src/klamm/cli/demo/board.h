// cli/demo/board.h - what the demo shows: who is how far, the delays, what to try next.
#pragma once

#include "klamm/cli/demo/app_process.h"
#include "klamm/cli/demo/flight_stream.h"
#include "klamm/cli/demo/results.h"
#include "klamm/cli/panel.h"

#include <chrono>
#include <cstdint>

namespace klamm::cli {

/// How far all came: bars on a terminal, a line for each tenth elsewhere.
class DemoBoard {
public:
    explicit DemoBoard(Panel& panel) : panel_(panel) {}

    /// Draws if it is time to, or if it must. `down`: the application, as the story wants it.
    void show(FlightStream const& stream, FlightResults const& results, bool down,
              bool must = false);

private:
    Panel& panel_;
    std::chrono::steady_clock::time_point next_{};
    std::int64_t tenths_told_ = 0;
};

/// The airports with the most flights, and the others together.
void print_delays(std::map<std::string, flights::AirportDelays> const& delays);

void print_what_to_try(Panel& panel, AppProcess::Ready const& app);

/// How people would call this very program from here.
std::string program_name();

}  // namespace klamm::cli
