// cli/demo_board.h - what the demo shows: who is how far, the delays, what to try next.
#pragma once

#include "klamm/cli/broker_process.h"
#include "klamm/cli/delay_group.h"
#include "klamm/cli/flight_stream.h"
#include "klamm/cli/panel.h"

#include <chrono>
#include <cstdint>

namespace klamm::cli {

/// How far all came: four bars on a terminal, a line for each tenth elsewhere.
class DemoBoard {
public:
    explicit DemoBoard(Panel& panel) : panel_(panel) {}

    /// Draws if it is time to, or if it must.
    void show(FlightStream const& stream, DelayGroup const& group, bool is_broker_down,
              bool must = false);

private:
    Panel& panel_;
    std::chrono::steady_clock::time_point next_{};
    std::int64_t tenths_told_ = 0;
};

/// The airports with the most flights, and the others together.
void print_delays(DelaysByAirport const& delays);

void print_what_to_try(Panel& panel, BrokerProcess::Ready const& broker);

}  // namespace klamm::cli
