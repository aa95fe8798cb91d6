// A question that wants an answer: what do so many of an item cost?
#pragma once

#include <klamm/app.h>

#include <cstdint>
#include <map>
#include <string>

namespace quotes {

struct QuoteAsked {
    static constexpr klamm::EventName event{"quotes.asked"};
    std::string item;
    std::int64_t count = 1;

    static constexpr void describe(auto& field) {
        field("item", &QuoteAsked::item);
        field("count", &QuoteAsked::count);
    }
};

/// An answer says what is wrong, too: who asks waits for one, and a dead letter is none.
struct Quote {
    static constexpr klamm::EventName event{"quotes.quote"};
    std::int64_t cents = 0;
    std::string refused;  ///< empty: it is a price

    static constexpr void describe(auto& field) {
        field("cents", &Quote::cents);
        field("refused", &Quote::refused);
    }
};

/// The reply leaves in the transaction of the question: who has an answer knows that it was
/// handled.
inline klamm::App make_app(std::map<std::string, std::int64_t> prices) {
    klamm::App app{"quotes"};
    app.on<QuoteAsked>("questions", [prices](QuoteAsked const& asked, klamm::Context& context) {
        auto const price = prices.find(asked.item);
        if (price == prices.end())
            context.reply(Quote{0, "there is no " + asked.item});
        else
            context.reply(Quote{price->second * asked.count, ""});
        return klamm::done();
    });
    return app;
}

}  // namespace quotes
