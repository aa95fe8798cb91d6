// simulate/sample_app.h - for tests: an App that does a little of everything.
//
//     flights ──▶ late: counts delays of the flight (state), sends notices, claims, reminders
//     notices ──▶ told: sends a receipt
//     asks    ──▶ asked: replies
//
// Flights with negative minutes are poison: a dead letter at once, and handled when redriven.
// Minutes that end in 7 fail twice, those that end in 3 always.
#pragma once

#include "klamm/app.h"
#include "klamm/simulate.h"

#include <stdexcept>
#include <string>

namespace klamm::simulated {

struct Late {
    static constexpr EventName event{"flights.late"};
    std::string flight;
    std::int32_t minutes = 0;
    static constexpr void describe(auto& field) {
        field("flight", &Late::flight);
        field("minutes", &Late::minutes);
    }
    bool operator==(Late const&) const = default;
};
struct Notice {
    static constexpr EventName event{"flights.notice"};
    std::string flight;
    std::int32_t minutes = 0;
    std::int32_t number = 0;  ///< of this flight
    static constexpr void describe(auto& field) {
        field("flight", &Notice::flight);
        field("minutes", &Notice::minutes);
        field("number", &Notice::number);
    }
    bool operator==(Notice const&) const = default;
};
struct Claim {
    static constexpr EventName event{"flights.claim"};
    std::string flight;
    std::int32_t euros = 0;
    static constexpr void describe(auto& field) {
        field("flight", &Claim::flight);
        field("euros", &Claim::euros);
    }
    bool operator==(Claim const&) const = default;
};
struct Receipt {
    static constexpr EventName event{"flights.receipt"};
    std::string flight;
    std::int32_t number = 0;
    static constexpr void describe(auto& field) {
        field("flight", &Receipt::flight);
        field("number", &Receipt::number);
    }
    bool operator==(Receipt const&) const = default;
};
struct Delays {
    static constexpr EventName event{"flights.delays"};
    std::int32_t count = 0;
    static constexpr void describe(auto& field) { field("count", &Delays::count); }
};

struct Refused : std::runtime_error {
    using runtime_error::runtime_error;
};

struct SampleOptions {
    Park park = Park::key;
    Order order = Order::key;
    std::int32_t concurrency = 4;
    std::int32_t partitions = 3;
    bool reminders = true;
};

inline Outcome handle_late(Late const& late, Context& context, bool reminders) {
    if (late.minutes < 0 && !context.redriven()) return dead_letter("no such delay", "Negative");
    if (late.minutes % 10 == 7 && context.attempt() < 3) return retry("the desk is busy");
    if (late.minutes % 10 == 3) throw Refused("the card is refused");
    auto delays = context.state<Delays>().value_or(Delays{});
    context.put_state(Delays{++delays.count});
    context.send("notices", Notice{late.flight, late.minutes, delays.count});
    if (late.minutes >= 180) context.send("claims", Claim{late.flight, 250});
    if (reminders && late.minutes >= 120)
        context.send("claims", Claim{late.flight, 50}, {.delay = std::chrono::seconds{7}});
    return done();
}

inline App sample_app(SampleOptions options = {}) {
    App app("delays");
    app.options().topics.partitions = options.partitions;
    app.options().commit_interval = milliseconds{20};
    app.options().concurrency = options.concurrency;
    app.on<Late>("flights",
                 [reminders = options.reminders](Late const& late, Context& context) {
                     return handle_late(late, context, reminders);
                 },
                 {.name = "late",
                  .retry = {.attempts = 4, .first = milliseconds{50}},
                  .park = options.park,
                  .order = options.order,
                  .exceptions = {on_exception<Refused>(
                      [](Refused const& refused) { return retry(refused.what(), "Refused"); })}});
    app.on<Notice>("notices",
                   [](Notice const& notice, Context& context) {
                       context.send("receipts", Receipt{notice.flight, notice.number});
                       return done();
                   },
                   {.name = "told", .order = options.order});
    app.sends<Notice>("notices").sends<Claim>("claims").sends<Receipt>("receipts");
    return app;
}

/// Some of everything: most are plain, a few flaky, always failing, poison, or no events at all.
inline void sample_inputs(Inputs& inputs, int count = 40) {
    for (int i = 0; i < count; ++i) {
        if (inputs.below(30) == 0) {
            auto const key = "KL" + std::to_string(inputs.below(8));
            inputs.publish_raw("flights", inputs.below(2) == 0 ? std::optional(key) : std::nullopt,
                               "no JSON");
            continue;
        }
        if (inputs.below(30) == 0)  // of a type that nobody wants
            inputs.publish("flights", Receipt{"KL1", 1}, {.key = "KL1"});
        auto const flight = "KL" + std::to_string(inputs.below(8));
        auto minutes = std::int32_t(inputs.below(24) * 10);
        auto const kind = inputs.below(20);
        if (kind == 0) minutes += 3;
        if (kind == 1) minutes = -1;
        if (kind == 2 || kind == 3) minutes += 7;
        inputs.publish("flights", Late{flight, minutes}, {.key = flight});
        if (inputs.below(10) == 0) inputs.wait(milliseconds{std::int64_t(inputs.below(2'000))});
    }
}

}  // namespace klamm::simulated
