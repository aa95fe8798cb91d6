// handler/codecs/sample_event.h - an event with a field of every kind, for tests.
#pragma once

#include "klamm/event.h"

#include <array>
#include <limits>

namespace klamm::sample {

enum class Colour : std::uint8_t { red, green };

struct Money {
    std::int64_t cents = 0;
    std::string currency = "EUR";
    bool operator==(Money const&) const = default;

    static constexpr void describe(auto& field) {
        field("cents", &Money::cents);
        field("currency", &Money::currency);
    }
};

struct Item {
    static constexpr EventName event{"shop.item", "one line of an order"};
    std::string name;  // a struct may have members called like what describes it
    Money price{5, "USD"};
    std::optional<Money> discount;
    bool operator==(Item const&) const = default;

    static constexpr void describe(auto& field) {
        field("name", &Item::name);
        field("price", &Item::price);
        field("discount", &Item::discount);
    }
};

}  // namespace klamm::sample

template <>
inline constexpr std::array klamm::enum_names<klamm::sample::Colour>{"red", "green"};

namespace klamm::sample {

struct Everything {
    static constexpr EventName event{"shop.everything", "a field of every kind"};
    bool yes = true;
    std::int32_t small = -1;
    std::int64_t large = 1;
    float real32 = 0.5F;
    double real64 = 0.25;
    std::string text = "none";
    Binary bytes;
    Time when;
    Colour colour = Colour::green;
    Item item;
    std::vector<Item> items;
    std::map<std::string, Money> prices;
    std::optional<std::string> note;
    std::optional<Time> until;
    std::vector<std::optional<std::int32_t>> holes;
    std::map<std::string, std::vector<Colour>> colours;
    bool operator==(Everything const&) const = default;

    static constexpr void describe(auto& field) {
        field("yes", &Everything::yes);
        field("small", &Everything::small);
        field("large", &Everything::large, "all 64 bits");
        field("real32", &Everything::real32);
        field("real64", &Everything::real64);
        field("text", &Everything::text);
        field("bytes", &Everything::bytes);
        field("when", &Everything::when);
        field("colour", &Everything::colour);
        field("item", &Everything::item);
        field("items", &Everything::items);
        field("prices", &Everything::prices);
        field("note", &Everything::note);
        field("until", &Everything::until);
        field("holes", &Everything::holes);
        field("colours", &Everything::colours);
    }
};

/// Values at the edges of what the fields can hold.
inline Everything full() {
    Everything event;
    event.yes = false;
    event.small = std::numeric_limits<std::int32_t>::min();
    event.large = std::numeric_limits<std::int64_t>::max();
    event.real32 = 0.1F;
    event.real64 = 1e300;
    event.text = "a \"quoted\" line\nand ünïcödé \u20ac";
    event.bytes = {std::byte{0}, std::byte{255}, std::byte{'"'}};
    event.when = Time(milliseconds(1'795'449'600'250));
    event.colour = Colour::red;
    event.item = {"pen", {199, "EUR"}, Money{1, "EUR"}};
    event.items = {{"a", {}, std::nullopt}, {"b", {-7, ""}, Money{}}};
    event.prices = {{"", {1, "x"}}, {"per piece", {2, "y"}}};
    event.note = "";
    event.until = Time(milliseconds(-1));
    event.holes = {1, std::nullopt, 3};
    event.colours = {{"none", {}}, {"both", {Colour::green, Colour::red}}};
    return event;
}

/// An old and a new version of one event.
struct PlacedV1 {
    static constexpr EventName event{"orders.placed"};
    std::string order;
    std::int32_t cents = 0;
    std::string obsolete = "x";
    bool operator==(PlacedV1 const&) const = default;

    static constexpr void describe(auto& field) {
        field("order", &PlacedV1::order);
        field("cents", &PlacedV1::cents);
        field("obsolete", &PlacedV1::obsolete);
    }
};
struct PlacedV2 {
    static constexpr EventName event{"orders.placed"};
    std::optional<std::string> note;
    std::string currency = "EUR";
    std::int64_t cents = 0;
    std::string order;
    bool operator==(PlacedV2 const&) const = default;

    static constexpr void describe(auto& field) {
        field("note", &PlacedV2::note);
        field("currency", &PlacedV2::currency);
        field("cents", &PlacedV2::cents);
        field("order", &PlacedV2::order);
    }
};

}  // namespace klamm::sample
