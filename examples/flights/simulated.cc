#include "flights/simulated.h"

#include <algorithm>
#include <array>

namespace flights {
namespace {

constexpr std::array airports{"ATL", "ORD", "LAX", "DFW", "JFK", "SFO"};

void publish(klamm::Inputs& inputs) {
    auto const flights = 20 + inputs.below(60);
    for (std::uint64_t i = 0; i < flights; ++i) {
        FlightLanded flight;
        flight.flight = "f" + std::to_string(i);
        flight.origin = airports.at(inputs.below(airports.size()));
        flight.destination = airports.at(inputs.below(airports.size()));
        flight.delay_minutes = std::int32_t(inputs.below(300)) - 20;
        flight.distance_miles = std::int32_t(inputs.below(2500));
        inputs.publish("flights", flight, {.key = flight.origin, .id = flight.flight});
        if (inputs.below(40) == 0) inputs.publish_raw("flights", "LHR", "no flight at all");
        inputs.wait(klamm::milliseconds(inputs.below(2'000)));
    }
}

/// The last totals of each airport count; each notice and payment counts.
Results results_in(klamm::Committed const& committed) {
    Results results;
    for (auto const& delays : committed.sent<AirportDelays>("airports"))
        results.airports[delays.airport] = delays;
    for (auto const& notice : committed.sent<DelayNotice>("notices"))
        results.notices.insert(notice.flight);
    for (auto const& paid : committed.sent<CompensationPaid>("payments"))
        results.payments.insert(text_of(paid));
    return results;
}

std::string difference(std::multiset<std::string> const& wanted,
                       std::multiset<std::string> const& found, std::string const& what) {
    std::vector<std::string> names;
    std::ranges::set_difference(wanted, found, std::back_inserter(names));
    if (!names.empty()) return what + " " + names.front() + " is missing";
    std::ranges::set_difference(found, wanted, std::back_inserter(names));
    if (!names.empty()) return what + " " + names.front() + " is there once too often";
    return {};
}

std::string sums_up(klamm::Committed const& committed) {
    auto const flights = committed.published<FlightLanded>("flights");
    auto const wanted = results_of(flights);
    auto const found = results_in(committed);
    for (auto const& [airport, delays] : wanted.airports) {
        auto const it = found.airports.find(airport);
        if (it == found.airports.end()) return airport + " was not counted";
        if (it->second != delays)
            return airport + " has " + std::to_string(it->second.flights) + " flights and " +
                   std::to_string(it->second.minutes) + " minutes instead of " +
                   std::to_string(delays.flights) + " and " + std::to_string(delays.minutes);
    }
    if (auto text = difference(wanted.notices, found.notices, "the notice of"); !text.empty())
        return text;
    return difference(wanted.payments, found.payments, "the payment");
}

/// What was paid to a card grows with each payment: nothing overtook, nothing came twice.
std::string accounts_grow(klamm::Committed const& committed) {
    std::map<std::string, std::int64_t> accounts;
    for (auto const& paid : committed.sent<CompensationPaid>("payments")) {
        auto& account = accounts[paid.card];
        account += paid.cents;
        if (account != paid.paid_to_card)
            return paid.card + " has " + std::to_string(account) + " cents, and flight " +
                   paid.flight + " says " + std::to_string(paid.paid_to_card);
    }
    return {};
}

}  // namespace

klamm::Simulation simulation() {
    klamm::Simulation simulation;
    simulation.app = [] { return make_app(); };
    simulation.inputs = publish;
    simulation.oracles = {{"sums_up", sums_up}, {"accounts_grow", accounts_grow}};
    simulation.redrive = true;
    return simulation;
}

}  // namespace flights
