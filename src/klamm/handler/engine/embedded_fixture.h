// handler/engine/embedded_fixture.h - for tests: instances of an App on a real broker, by the
// embedded bus, in virtual time, and somebody who looks on from outside.
#pragma once

#include "klamm/bus/bus_fixture.h"
#include "klamm/handler/engine/rig.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klamm::handler::test {

/// Each run takes a moment.
class LoopWorkers final : public Workers {
public:
    explicit LoopWorkers(bus::Loop& loop) : loop_(loop) {}
    void run(std::move_only_function<void()> work,
             std::move_only_function<void()> finished) override {
        work();
        loop_.after(Duration{1}, std::move(finished));
    }

private:
    bus::Loop& loop_;
};

/// Has a connection of its own, and begins with start(); again after a crash.
struct Instance {
    Instance(bus::BrokerWorld& the_world, App const& the_app, EngineOptions the_options = {})
        : world(the_world), app(the_app), options(std::move(the_options)) {}

    /// It is ready when this returns.
    void start() {
        engine = make_engine(app, options, parts());
        bool joined = false;
        engine->start([&](bus::Result<void> result) {
            EXPECT_TRUE(result) << result.error().why;
            joined = true;
        });
        EXPECT_TRUE(world.run_until([&] { return joined && engine->ready(); }));
    }
    void crash() { engine.reset(); }
    bool settle(std::size_t handled) {
        return world.run_until([&] { return story.outcomes.size() >= handled && engine->idle(); });
    }
    Parts parts() { return {world.loop(), *bus, workers, *codecs, story}; }

    bus::BrokerWorld& world;
    App const& app;
    EngineOptions options;
    std::unique_ptr<bus::Bus> bus = world.make_bus();
    LoopWorkers workers{world.loop()};
    std::unique_ptr<Codecs> codecs = make_codecs(Format::json, nullptr, world.loop());
    Story story;
    std::unique_ptr<Engine> engine;
};

/// Publishes and reads as another application does.
struct Outside {
    explicit Outside(bus::BrokerWorld& the_world) : world(the_world) {}

    void place(std::string const& key, std::string const& name) {
        std::optional<bus::Result<std::vector<Position>>> sent;
        bus->send({order(key, name)}, [&](auto result) { sent = std::move(result); });
        EXPECT_TRUE(world.run_until([&] { return sent.has_value(); }));
        EXPECT_TRUE(*sent) << sent->error().why;
    }
    /// Of a topic's records, partition after partition.
    std::vector<std::string> values(std::string const& topic, std::int32_t partitions = 1) {
        std::vector<std::string> found;
        for (std::int32_t partition = 0; partition < partitions; ++partition)
            read({topic, partition}, found);
        return found;
    }

    bus::BrokerWorld& world;
    std::unique_ptr<bus::Bus> bus = world.make_bus();

private:
    void read(bus::TopicPartition const& partition, std::vector<std::string>& found) {
        std::int64_t next = 0;
        for (bool over = false; !over;) {
            bool answered = false;
            bus->read(partition, next, 1 << 20, [&](bus::Result<bus::ReadResult> read) {
                answered = true;
                if (!read) return;  // it is asked again
                for (auto const& record : read->records)
                    found.push_back(FakeBus::text(record.value));
                next = read->next;
                over = read->next >= read->end;
            });
            EXPECT_TRUE(world.run_until([&] { return answered; }));
        }
    }
};

}  // namespace klamm::handler::test
