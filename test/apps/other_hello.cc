// hello as it must not become: a greeting whose field has another type.
#include <klamm/app.h>
#include <klamm/run.h>

namespace {

struct Visit {
    static constexpr klamm::EventName event{"hello.visit"};
    std::string name;

    static constexpr void describe(auto& field) { field("name", &Visit::name); }
};

struct Greeting {
    static constexpr klamm::EventName event{"hello.greeting"};
    std::string text;
    std::string visits;

    static constexpr void describe(auto& field) {
        field("text", &Greeting::text);
        field("visits", &Greeting::visits);
    }
};

klamm::Outcome greet(Visit const&, klamm::Context&) { return klamm::done(); }

}  // namespace

int main(int argc, char** argv) {
    klamm::App app{"hello"};
    app.on<Visit>("visits", greet).sends<Greeting>("greetings");
    return klamm::run(app, argc, argv);
}
