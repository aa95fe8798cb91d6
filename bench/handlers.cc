// handlers_bench IN OUT [flags of every App]: the App that bench/handlers.py measures: consume,
// process, produce, exactly once. The same work as Handlers.java's streams.
#include "klamm/run.h"

#include <iostream>
#include <string>

namespace {

struct Reading {
    static constexpr klamm::EventName event{"bench.reading"};
    std::string sensor;
    std::int64_t number = 0;
    double value = 0;
    double limit = 0;
    std::string place;
    static constexpr void describe(auto& field) {
        field("sensor", &Reading::sensor);
        field("number", &Reading::number);
        field("value", &Reading::value);
        field("limit", &Reading::limit);
        field("place", &Reading::place);
    }
};

struct Alert {
    static constexpr klamm::EventName event{"bench.alert"};
    std::string sensor;
    std::int64_t number = 0;
    double above = 0;
    std::string text;
    static constexpr void describe(auto& field) {
        field("sensor", &Alert::sensor);
        field("number", &Alert::number);
        field("above", &Alert::above);
        field("text", &Alert::text);
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: handlers_bench IN OUT [flags; --help]\n";
        return 2;
    }
    std::string const in = argv[1];
    std::string const out = argv[2];
    klamm::App app{"bench-" + in};
    app.options().commit_interval = klamm::milliseconds{100};
    app.on<Reading>(in, [out](Reading const& reading, klamm::Context& context) {
        context.send(out, Alert{reading.sensor, reading.number, reading.value - reading.limit,
                                reading.place});
        return klamm::done();
    });
    argv[2] = argv[0];
    return klamm::run(app, argc - 2, argv + 2);
}
