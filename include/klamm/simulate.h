// klamm/simulate.h - an App in a world where everything goes wrong, decided by a seed.
//
// The App's real handlers, the real library and the real broker, in virtual time: several instances
// of the App, a network that loses and delays, a broker that loses power, events that come twice or
// late. Afterwards everything heals, the work is finished, and oracles look at what was committed.
// A seed that fails is shortened to a story, and printed with the command that repeats it.
//
//     klamm::Simulation simulation{.app = make_app, .inputs = [](klamm::Inputs& inputs) {
//         for (int i = 0; i < 100; ++i)
//             inputs.publish("orders", OrderPlaced{...}, {.key = fmt::format("{}", i % 10)});
//     }};
//     auto const result = klamm::simulate(simulation, {.first = 1, .count = 1000});
//     EXPECT_TRUE(result.passed()) << result.story;
#pragma once

#include "klamm/app.h"
#include "klamm/publish.h"
#include "klamm/test.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace testing {
class UnitTest;  // GoogleTest's
}

namespace klamm {

/// Makes the events of one run. Everything it draws comes from the seed.
class Inputs {
public:
    virtual ~Inputs() = default;
    template <Event E>
    void publish(std::string_view topic, E const& event, PublishOptions options = {}) {
        publish_event(topic, event_type<E>(), &event, std::move(options));
    }
    virtual void publish_raw(std::string_view topic, std::optional<std::string> key,
                             std::optional<std::string> value, Headers headers = {}) = 0;
    /// What follows is published so much later.
    virtual void wait(milliseconds time) = 0;
    virtual std::uint64_t below(std::uint64_t limit) = 0;  ///< uniform in [0, limit)

private:
    virtual void publish_event(std::string_view topic, EventType const& type, void const* event,
                               PublishOptions options) = 0;
};

/// One in so many opportunities; 0: never. Each seed leaves some of them out altogether, and has
/// others more often or more seldom. Opportunities: an input; a step of an instance; a run of a
/// handler; a tenth of a second; a message; a write to the disk.
struct Faults {
    std::uint32_t duplicate = 20;      ///< an input is published twice, with the same id
    std::uint32_t delay = 20;          ///< an input comes later than others of other keys
    std::uint32_t crash = 1500;        ///< an instance dies, between any two steps of its
    std::uint32_t rebalance = 100;     ///< an instance joins or leaves
    std::uint32_t pause = 200;         ///< an instance stands still beyond its session, and goes on
    std::uint32_t slow_handler = 100;  ///< a run takes up to ninety seconds
    std::uint32_t failing_handler = 50;  ///< a run of a handler throws, before or after its work
    std::uint32_t redrive = 50;          ///< dead letters are sent back; see Simulation::redrive
    std::uint32_t broker_kill = 100;
    std::uint32_t power_loss = 150;
    std::uint32_t slow_disk = 200;
    std::uint32_t slow_message = 100;
    std::uint32_t request_lost = 200;
    std::uint32_t response_lost = 200;
    std::uint32_t late_request = 200;  ///< it arrives when its sender has given it up
};

/// What oracles look at: all that is committed, when everything is finished.
class Committed {
public:
    virtual ~Committed() = default;
    virtual std::vector<StoredMessage> const& messages(std::string_view topic) const = 0;
    template <Event E>
    std::vector<E> sent(std::string_view topic) const {
        return detail::copies_of<E>(events_of(topic, event_type<E>()));
    }
    /// What was published, each event once, in the order of publishing.
    virtual std::vector<StoredMessage> const& inputs() const = 0;
    template <Event E>
    std::vector<E> published(std::string_view topic) const {
        return detail::copies_of<E>(inputs_of(topic, event_type<E>()));
    }

private:
    virtual std::vector<std::shared_ptr<void const>> events_of(std::string_view topic,
                                                               EventType const& type) const = 0;
    virtual std::vector<std::shared_ptr<void const>> inputs_of(std::string_view topic,
                                                               EventType const& type) const = 0;
};

/// Empty: all is well. Else a sentence that says what is wrong.
using Oracle = std::function<std::string(Committed const&)>;

struct Simulation {
    std::function<App()> app;  ///< called for each life of each instance
    std::function<void(Inputs&)> inputs;
    std::map<std::string, Oracle> oracles;  ///< the user's own, by name
    Faults faults;
    std::int32_t instances = 2;
    /// Dead letters are sent back, at times that the seed chooses and at the end, each at most
    /// three times.
    bool redrive = false;
    /// The built-in oracles (doc/testing.md). "exactly_once": each event that is handled has one
    /// committed outcome, and what it sent is there once. "key_order": of one key, runs and what
    /// they sent come in the order of its events, and nothing overtakes a dead letter.
    /// "redelivery": the same inputs without faults lead to the same events, but for their order
    /// across keys; not for handlers that look at the time or at other keys. Always: "finished",
    /// all comes to its end; "attempts", tries count up to what Retry says.
    bool exactly_once = true;
    bool key_order = true;
    bool redelivery = true;
    milliseconds at_most = std::chrono::hours{4};  ///< of virtual time, until all is finished
};

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t count = 100;
    std::int32_t threads = 0;  ///< 0: one for each core. Handlers must stand it.
    std::string test;          ///< "Suite.Name" for the command that repeats; found by itself
};

struct SimulationResult {
    std::uint64_t seeds = 0;
    std::map<std::string, std::uint64_t> faults;  ///< how often each was met
    Counts counts;                                ///< of all instances and seeds
    milliseconds simulated{0};
    std::uint64_t trace_hash = 0;  ///< of all that happened: the same for the same seeds
    std::optional<std::uint64_t> failing_seed;
    std::string oracle;  ///< that failed
    std::string story;   ///< the shortest found, and the command that repeats it
    bool passed() const { return !failing_seed; }
};

namespace detail {
SimulationResult run_simulation(Simulation const& simulation, Seeds seeds);

/// The test that runs, where GoogleTest was included before.
template <class UnitTest>
std::string running_test() {
    if constexpr (requires { UnitTest::GetInstance()->current_test_info(); })
        if (auto const* test = UnitTest::GetInstance()->current_test_info(); test != nullptr)
            return std::string(test->test_suite_name()) + "." + test->name();
    return {};
}
}  // namespace detail

/// Ends at the first seed that fails. With the environment variable KLAMM_SEED it runs that seed
/// alone, and prints what happened: the command that a failure prints.
template <class UnitTest = testing::UnitTest>
SimulationResult simulate(Simulation const& simulation, Seeds seeds = {}) {
    if (seeds.test.empty()) seeds.test = detail::running_test<UnitTest>();
    return detail::run_simulation(simulation, std::move(seeds));
}
/// The same App with handlers that are shared by all its lives.
template <class UnitTest = testing::UnitTest>
SimulationResult simulate(App const& app, std::function<void(Inputs&)> inputs, Seeds seeds = {}) {
    Simulation simulation;
    simulation.app = [&app] { return app; };
    simulation.inputs = std::move(inputs);
    return simulate<UnitTest>(simulation, std::move(seeds));
}

}  // namespace klamm
