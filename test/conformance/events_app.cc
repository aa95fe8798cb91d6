// An App for test/clients/events: what clients of others send to PREFIX-FORMAT-in it answers in
// PREFIX-FORMAT-out.
//
//     EVENTS_PREFIX=x EVENTS_FORMAT=json|avro|protobuf|breaking events_app --bootstrap … --registry
//     …
//
// "breaking" sends what may not follow in the subject of the out topic of "avro".
#include <klamm/protobuf.h>
#include <klamm/run.h>

#include <google/protobuf/duration.pb.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

enum class Way : std::uint8_t { road, air };
template <>
inline constexpr std::array klamm::enum_names<Way>{"road", "air"};

namespace {

struct Parcel {
    double kilograms = 0;
    std::optional<std::string> mark;
    static constexpr void describe(auto& field) {
        field("kilograms", &Parcel::kilograms);
        field("mark", &Parcel::mark);
    }
};

struct Shipped {
    static constexpr klamm::EventName event{"shop.shipped"};
    std::string order;
    std::int64_t cents = 0;
    klamm::Time at;
    Way way = Way::road;
    klamm::Binary seal;
    std::vector<Parcel> parcels;
    std::map<std::string, std::int32_t> counts;
    static constexpr void describe(auto& field) {
        field("order", &Shipped::order);
        field("cents", &Shipped::cents);
        field("at", &Shipped::at);
        field("way", &Shipped::way);
        field("seal", &Shipped::seal);
        field("parcels", &Shipped::parcels);
        field("counts", &Shipped::counts);
    }
};

/// The same fields under another name, so that in and out have schemas of their own.
struct Billed : Shipped {
    static constexpr klamm::EventName event{"shop.billed"};
};

struct Broken {
    static constexpr klamm::EventName event{"shop.billed"};
    std::vector<std::string> cents;
    static constexpr void describe(auto& field) { field("cents", &Broken::cents); }
};

klamm::Outcome bill(Shipped const& shipped, klamm::Context& context, std::string const& to) {
    if (shipped.cents < 0) return klamm::dead_letter("a price below zero", "BadPrice");
    Billed billed{shipped};
    billed.cents += 1;
    context.send(to, billed);
    return klamm::done();
}

std::string setting(char const* name) {
    auto const* const value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
    using google::protobuf::Duration;
    auto const format = setting("EVENTS_FORMAT");
    auto const prefix = setting("EVENTS_PREFIX");
    auto const in = prefix + "-" + format + "-in";
    auto const out = prefix + "-" + format + "-out";

    klamm::App app{prefix + "-" + format};
    app.options().topics.partitions = 1;
    if (format == "protobuf") {
        app.options().format = klamm::Format::protobuf;
        app.sends<Duration>(out);
        app.on<Duration>(in, [out](Duration const& duration, klamm::Context& context) {
            Duration longer = duration;
            longer.set_seconds(duration.seconds() + 1);
            context.send(out, longer);
            return klamm::done();
        });
        return klamm::run(app, argc, argv);
    }
    app.options().format = format == "json" ? klamm::Format::json : klamm::Format::avro;
    if (format == "breaking")
        app.sends<Broken>(prefix + "-avro-out");
    else
        app.sends<Billed>(out);
    app.on<Shipped>(in, [out](Shipped const& shipped, klamm::Context& context) {
        return bill(shipped, context, out);
    });
    return klamm::run(app, argc, argv);
}
