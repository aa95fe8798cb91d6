// simulate/redrives.h - an operator who sends dead letters back.
#pragma once

#include "klamm/app.h"
#include "klamm/bus/bus.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace klamm::simulated {

/// Where dead letters of the topic go; empty: of all topics that the App handles.
std::set<std::string> dead_letter_topics(App const& app, std::string_view topic = {});

/// All that wait now, as `klamm dlq redrive` does it; says how many. Loop and bus live longer.
void redrive_all(bus::Loop& loop, bus::Bus& bus, std::string const& letters,
                 bus::Done<std::uint64_t> done);

}  // namespace klamm::simulated
