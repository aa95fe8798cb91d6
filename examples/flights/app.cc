#include "flights/flights.h"

#include <stdexcept>

namespace flights {
namespace {

struct CardRefused : std::runtime_error {
    using runtime_error::runtime_error;
};

klamm::Outcome count(FlightLanded const& flight, klamm::Context& context) {
    auto delays = context.state<AirportDelays>().value_or(AirportDelays{flight.origin});
    ++delays.flights;
    delays.minutes += flight.delay_minutes;
    context.put_state(delays);
    context.send("airports", delays);
    if (flight.delay_minutes >= notice_minutes)
        context.send("notices", DelayNotice{flight.flight, flight.delay_minutes},
                     {.key = flight.flight});
    if (flight.delay_minutes >= compensation_minutes) {
        auto const card = card_of(flight.origin);
        context.send("compensations", CompensationDue{flight.flight, card, cents_of(flight)},
                     {.key = card});
    }
    return klamm::done();
}

}  // namespace

std::string card_of(std::string const& airport) { return "card-" + airport; }

std::int64_t cents_of(FlightLanded const& flight) {
    return flight.distance_miles < 1000 ? 25'000 : 60'000;
}

bool usual_check(std::string const& card, bool redriven) {
    return redriven || (card != card_of("ORD") && card != card_of("DFW"));
}

klamm::App make_app(CardCheck takes) {
    klamm::App app{"flights"};
    app.topic("flights", {.partitions = 4, .configs = {{"retention.ms", "-1"}}})
        .topic("airports", {.partitions = 4, .configs = {{"cleanup.policy", "compact"}}})
        .topic("notices", {.partitions = 4, .configs = {{"retention.ms", "-1"}}})
        .topic("compensations", {.partitions = 2, .configs = {{"retention.ms", "-1"}}})
        .topic("payments", {.partitions = 2, .configs = {{"retention.ms", "-1"}}})
        .sends<AirportDelays>("airports")
        .sends<DelayNotice>("notices")
        .sends<CompensationPaid>("payments");
    // Delays by airport need the flights of an airport together: `flights` is keyed by origin.
    app.on<FlightLanded>("flights", count, {.name = "count"});
    auto const pay = [takes](CompensationDue const& due, klamm::Context& context) {
        if (!takes(due.card, context.redriven())) throw CardRefused{due.card + " was refused"};
        auto account = context.state<CardAccount>().value_or(CardAccount{});
        account.cents += due.cents;
        context.put_state(account);
        context.send("payments", CompensationPaid{due.flight, due.card, due.cents, account.cents});
        return klamm::done();
    };
    app.on<CompensationDue>(
        "compensations", pay,
        {.name = "pay",
         .park = klamm::Park::key,
         .exceptions = {klamm::on_exception<CardRefused>([](CardRefused const& refused) {
             return klamm::dead_letter(refused.what(), "CardRefused");
         })}});
    return app;
}

Results results_of(std::span<FlightLanded const> flights) {
    Results results;
    for (auto const& flight : flights) {
        auto& airport = results.airports[flight.origin];
        airport.airport = flight.origin;
        ++airport.flights;
        airport.minutes += flight.delay_minutes;
        if (flight.delay_minutes >= notice_minutes) results.notices.insert(flight.flight);
        if (flight.delay_minutes >= compensation_minutes)
            results.payments.insert(
                text_of({flight.flight, card_of(flight.origin), cents_of(flight)}));
    }
    return results;
}

std::string text_of(CompensationPaid const& paid) {
    return paid.flight + " " + paid.card + " " + std::to_string(paid.cents);
}

}  // namespace flights
