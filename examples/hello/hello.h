// The whole application: what comes in, what goes out, and one handler.
#pragma once

#include <klamm/app.h>

#include <cstdint>
#include <string>

namespace hello {

struct Visit {
    static constexpr klamm::EventName event{"hello.visit"};
    std::string name;

    static constexpr void describe(auto& field) { field("name", &Visit::name); }
};

struct Greeting {
    static constexpr klamm::EventName event{"hello.greeting"};
    std::string text;
    std::int64_t visits = 0;

    static constexpr void describe(auto& field) {
        field("text", &Greeting::text);
        field("visits", &Greeting::visits, "of this visitor, with this one");
    }
};

/// What is remembered of a visitor: of the key of the events.
struct Visitor {
    static constexpr klamm::EventName event{"hello.visitor"};
    std::int64_t visits = 0;

    static constexpr void describe(auto& field) { field("visits", &Visitor::visits); }
};

/// State, greeting and the offset of the visit are committed together: each visit counts once.
inline klamm::Outcome greet(Visit const& visit, klamm::Context& context) {
    if (visit.name.empty()) return klamm::dead_letter("a visitor without a name", "NoName");
    auto visitor = context.state<Visitor>().value_or(Visitor{});
    ++visitor.visits;
    context.put_state(visitor);
    auto const again = visitor.visits > 1 ? " again" : "";
    context.send("greetings",
                 Greeting{"Hello" + std::string(again) + ", " + visit.name, visitor.visits});
    return klamm::done();
}

inline klamm::App make_app() {
    klamm::App app{"hello"};
    app.on<Visit>("visits", greet).sends<Greeting>("greetings");
    return app;
}

}  // namespace hello
