// The suite that every bus must pass, with the bus by librdkafka.
#include "klamm/bus/conformance.h"

#include "world.h"

namespace klamm::bus {
namespace {

using kafka_bus::Options;
using kafka_bus::test::server;

struct KafkaWorld {
    kafka_bus::test::TestLoop loop;
    std::string prefix = kafka_bus::test::unique_prefix();
    int names = 0;

    std::unique_ptr<Bus> make(Options options) {
        auto made = kafka_bus::make_kafka_bus(loop, std::move(options));
        EXPECT_TRUE(made.has_value()) << made.error();
        return std::move(*made);
    }
    std::unique_ptr<Bus> make_bus() { return make({.bootstrap = server().bootstrap()}); }
    std::unique_ptr<Bus> make_absent_bus() {
        return make({.bootstrap = "127.0.0.1:1", .patience = Duration{1'000}});
    }
    bool run_until(std::function<bool()> const& reached) { return loop.run_until(reached); }
    void pass(Duration duration) {
        loop.run_until([] { return false; }, duration);
    }
    std::string unique(std::string const& name) { return prefix + name + std::to_string(++names); }
    std::int64_t wall_ms() { return loop.now().wall_ms; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Kafka, BusConformance, KafkaWorld);

}  // namespace
}  // namespace klamm::bus
