// handler/engine/rig.h - an App under test in a test world: a few words in which stories are told.
#pragma once

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/dead_letter.h"
#include "klamm/handler/engine/test_world.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klamm::handler::test {

struct Placed {
    static constexpr EventName event{"orders.placed"};
    std::string name;
    static constexpr void describe(auto& field) { field("name", &Placed::name); }
};
struct Billed {
    static constexpr EventName event{"orders.billed"};
    std::string name;
    static constexpr void describe(auto& field) { field("name", &Billed::name); }
};
struct Total {
    static constexpr EventName event{"totals"};
    std::int64_t count = 0;
    static constexpr void describe(auto& field) { field("count", &Total::count); }
};

/// As a shop publishes it.
inline bus::Outgoing order(std::string key, std::string const& name,
                           std::optional<std::string> id = std::nullopt) {
    bus::Outgoing record{
        .topic = "orders", .key = std::move(key), .value = R"({"name":")" + name + R"("})"};
    write_context(record.headers, {.id = id.value_or(name),
                                   .source = "/shop",
                                   .type = "orders.placed",
                                   .content_type = "application/json"});
    return record;
}

class Rig {
public:
    using Handle = std::function<Outcome(Placed const&, Context&)>;

    explicit Rig(Handle handle = nullptr, HandlerOptions options = {}, std::int32_t partitions = 1)
        : app("billing"), handle_(std::move(handle)) {
        app.topic("orders", {.partitions = partitions});
        app.on<Placed>(
            "orders",
            [this](Placed const& placed, Context& context) {
                handled.push_back(placed.name);
                return handle_ ? handle_(placed, context) : done();
            },
            std::move(options));
    }

    /// The engine starts, and has half a second.
    void start(EngineOptions options = {}) {
        engine = make_engine(app, options, {loop, bus, workers, *codecs, story});
        started.reset();
        engine->start([this](bus::Result<void> result) { started = std::move(result); });
        run(500);
    }
    void crash() { engine.reset(); }
    void run(std::int64_t ms = 1'000) { loop.pass(Duration{ms}); }

    /// An event with an id of its own.
    void place(std::string const& key, std::string const& name, std::int32_t partition = 0,
               std::optional<std::string> id = std::nullopt) {
        auto record = order(key, name, std::move(id));
        record.partition = partition;
        bus.append(std::move(record));
    }
    /// As `klamm dlq redrive` does it: the n-th dead letter goes back, or a mark that it was given
    /// up.
    void redrive(std::size_t n, bool discard = false, std::string group = "billing") {
        auto const& letters = bus.logs[{"orders-dlt", 0}].records;
        auto const letter = letters.at(n);
        auto const said = read_dead_letter(letter.headers);
        Redrive redrive{.dead_letter = {"orders-dlt", 0, letter.offset},
                        .group = std::move(group),
                        .redrives = said.redrives + 1,
                        .original = said.original,
                        .discard = discard};
        bus::Outgoing record{.topic = "orders", .partition = 0, .key = FakeBus::text(letter.key)};
        if (discard) {
            redrive.key = std::exchange(record.key, "klamm-discard");
        } else {
            record.value = FakeBus::text(letter.value);
            record.headers = original_headers(letter.headers);
        }
        write_redrive(record.headers, redrive);
        bus.append(std::move(record));
    }
    std::vector<DeadLetter> letters() {
        std::vector<DeadLetter> found;
        for (auto const& record : bus.logs[{"orders-dlt", 0}].records)
            found.push_back(read_dead_letter(record.headers));
        return found;
    }
    /// Names of the events in the dead letter topic, in order.
    std::vector<std::string> dead() { return names("orders-dlt"); }
    std::vector<std::string> names(std::string const& topic) {
        std::vector<std::string> found;
        for (auto const& value : bus.values(topic)) {
            auto const from = value.find(":\"") + 2;
            found.push_back(value.substr(from, value.rfind('"') - from));
        }
        return found;
    }
    bus::Committed committed(std::int32_t partition = 0) {
        return bus.groups["billing"][{"orders", partition}];
    }

    bus::VirtualLoop loop;
    FakeBus bus{loop};
    FakeWorkers workers{loop};
    std::unique_ptr<Codecs> codecs = make_codecs(Format::json, nullptr, loop);
    Story story;
    App app;
    std::vector<std::string> handled;  ///< names, one for each run
    std::optional<bus::Result<void>> started;
    std::unique_ptr<Engine> engine;

private:
    Handle handle_;
};

/// A handler that sends an invoice for each order.
inline Rig::Handle bill_to(std::string topic, SendOptions options = {}) {
    return [topic = std::move(topic), options = std::move(options)](Placed const& placed,
                                                                    Context& context) {
        context.send(topic, Billed{placed.name}, options);
        return done();
    };
}

}  // namespace klamm::handler::test
