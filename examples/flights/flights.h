// flights/flights.h - an application of events: delays by airport, notices, and compensation that
// is paid to cards, some of which are refused.
//
//     flights ──▶ count ──┬──▶ airports        totals by airport, the newest one counts
//                         ├──▶ notices         for who comes an hour late or more
//                         └──▶ compensations ──▶ pay ──▶ payments
//                                                 │ the card is refused
//                                                 └────▶ compensations-dlt ──▶ redrive
#pragma once

#include "klamm/app.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>

namespace flights {

struct FlightLanded {
    static constexpr klamm::EventName event{"flights.landed", "A flight has arrived."};
    std::string flight;  ///< unique
    klamm::Time departed;
    std::int32_t delay_minutes = 0;  ///< on arrival; negative: early
    std::int32_t distance_miles = 0;
    std::string origin;
    std::string destination;

    static constexpr void describe(auto& field) {
        field("flight", &FlightLanded::flight);
        field("departed", &FlightLanded::departed);
        field("delay_minutes", &FlightLanded::delay_minutes, "on arrival; negative: early");
        field("distance_miles", &FlightLanded::distance_miles);
        field("origin", &FlightLanded::origin);
        field("destination", &FlightLanded::destination);
    }
    bool operator==(FlightLanded const&) const = default;
};

/// State by airport, and what is sent when it changes.
struct AirportDelays {
    static constexpr klamm::EventName event{"flights.airport-delays",
                                            "All flights from an airport."};
    std::string airport;
    std::int64_t flights = 0;
    std::int64_t minutes = 0;  ///< of delay, in sum

    static constexpr void describe(auto& field) {
        field("airport", &AirportDelays::airport);
        field("flights", &AirportDelays::flights);
        field("minutes", &AirportDelays::minutes);
    }
    bool operator==(AirportDelays const&) const = default;
};

struct DelayNotice {
    static constexpr klamm::EventName event{"flights.delay-notice", "Passengers are told."};
    std::string flight;
    std::int32_t delay_minutes = 0;

    static constexpr void describe(auto& field) {
        field("flight", &DelayNotice::flight);
        field("delay_minutes", &DelayNotice::delay_minutes);
    }
    bool operator==(DelayNotice const&) const = default;
};

struct CompensationDue {
    static constexpr klamm::EventName event{"flights.compensation-due", "A delay of three hours."};
    std::string flight;
    std::string card;
    std::int64_t cents = 0;

    static constexpr void describe(auto& field) {
        field("flight", &CompensationDue::flight);
        field("card", &CompensationDue::card);
        field("cents", &CompensationDue::cents);
    }
    bool operator==(CompensationDue const&) const = default;
};

struct CompensationPaid {
    static constexpr klamm::EventName event{"flights.compensation-paid", "The card took it."};
    std::string flight;
    std::string card;
    std::int64_t cents = 0;
    std::int64_t paid_to_card = 0;  ///< cents, with this one: shows that nothing overtook

    static constexpr void describe(auto& field) {
        field("flight", &CompensationPaid::flight);
        field("card", &CompensationPaid::card);
        field("cents", &CompensationPaid::cents);
        field("paid_to_card", &CompensationPaid::paid_to_card);
    }
    bool operator==(CompensationPaid const&) const = default;
};

/// What the handler of compensations keeps by card.
struct CardAccount {
    static constexpr klamm::EventName event{"flights.card-account"};
    std::int64_t cents = 0;

    static constexpr void describe(auto& field) { field("cents", &CardAccount::cents); }
};

inline constexpr std::int32_t notice_minutes = 60;
inline constexpr std::int32_t compensation_minutes = 180;

/// Whether the bank takes the money for a card. `redriven`: somebody has seen to it since.
using CardCheck = std::function<bool(std::string const& card, bool redriven)>;
/// The cards of two airports are refused until somebody has seen to them.
bool usual_check(std::string const& card, bool redriven);

klamm::App make_app(CardCheck takes = usual_check);

/// What must have come of these flights, however often something crashed on the way.
struct Results {
    std::map<std::string, AirportDelays> airports;
    std::multiset<std::string> notices;   ///< flights
    std::multiset<std::string> payments;  ///< "flight card cents"
    bool operator==(Results const&) const = default;
};
Results results_of(std::span<FlightLanded const> flights);
std::string text_of(CompensationPaid const& paid);
std::string card_of(std::string const& airport);
std::int64_t cents_of(FlightLanded const& flight);

}  // namespace flights
