// The suite that every bus must pass, with the bus over TCP on `klamm serve`.
#include "klamm/bus/conformance.h"
#include "klamm/bus/embedded_bus.h"
#include "klamm/remote/connector.h"

#include "../kafka_bus/world.h"

namespace klamm::bus {
namespace {

class RemoteWorld {
public:
    std::unique_ptr<Bus> make_bus() { return make_embedded_bus(loop_, server_, {.seed = seed()}); }
    std::unique_ptr<Bus> make_absent_bus() {
        return make_embedded_bus(loop_, nobody_, {.patience = Duration{1'000}, .seed = seed()});
    }
    bool run_until(std::function<bool()> const& reached) { return loop_.run_until(reached); }
    void pass(Duration duration) {
        loop_.run_until([] { return false; }, duration);
    }
    std::string unique(std::string const& name) {
        return prefix_ + name + std::to_string(++names_);
    }
    std::int64_t wall_ms() { return loop_.now().wall_ms; }

private:
    static std::uint64_t seed() {
        static std::uint64_t last = 0;
        return ++last;
    }

    kafka_bus::test::TestLoop loop_;
    remote::Connector server_{
        loop_,
        loop_.poller,
        remote::parse_bootstrap(kafka_bus::test::server().bootstrap()).value(),
        {}};
    remote::Connector nobody_{
        loop_, loop_.poller, remote::parse_bootstrap("127.0.0.1:1").value(), {}};
    std::string prefix_ = kafka_bus::test::unique_prefix();
    int names_ = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Remote, BusConformance, RemoteWorld);

}  // namespace
}  // namespace klamm::bus
