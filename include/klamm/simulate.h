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

/// One in so many opportunities; 0: never. Each seed leaves some of them out altogether.
struct Faults {
    std::uint32_t duplicate = 20;   ///< an input is published twice, with the same id
    std::uint32_t delay = 20;       ///< an input comes later than others of other keys
    std::uint32_t crash = 200;      ///< an instance dies, between any two steps of its
    std::uint32_t rebalance = 200;  ///< an instance joins or leaves
    std::uint32_t pause = 300;      ///< an instance stands still beyond its session, and goes on
    std::uint32_t slow_handler = 50;
    std::uint32_t failing_handler = 50;  ///< a run of a handler throws, before or after its work
    std::uint32_t broker_kill = 500;
    std::uint32_t power_loss = 1000;
    std::uint32_t request_lost = 200;
    std::uint32_t response_lost = 200;
};

/// What oracles look at: all that is committed, when everything is finished.
class Committed {
public:
    virtual ~Committed() = default;
    virtual std::vector<StoredMessage> const& messages(std::string_view topic) const = 0;
    template <Event E>
    std::vector<E> sent(std::string_view topic) const {
        std::vector<E> events;
        for (auto const& event : events_of(topic, event_type<E>()))
            events.push_back(*static_cast<E const*>(event.get()));
        return events;
    }
    /// What was published, each event once, in the order of publishing.
    virtual std::vector<StoredMessage> const& inputs() const = 0;
    template <Event E>
    std::vector<E> published(std::string_view topic) const {
        std::vector<E> events;
        for (auto const& event : inputs_of(topic, event_type<E>()))
            events.push_back(*static_cast<E const*>(event.get()));
        return events;
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
    /// The built-in oracles: "exactly_once" (each input has one committed outcome, and what it sent
    /// is there once), "key_order" (outcomes of one key come in the order of its events),
    /// "redelivery" (the same inputs without faults lead to the same events, but for their order
    /// across keys).
    bool exactly_once = true;
    bool key_order = true;
    bool redelivery = true;
    milliseconds at_most = std::chrono::hours{24};  ///< of virtual time, until all is finished
};

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t count = 100;
    std::int32_t threads = 0;  ///< 0: one for each core
};

struct SimulationResult {
    std::uint64_t seeds = 0;
    std::map<std::string, std::uint64_t> faults;  ///< how often each was met
    Counts counts;                                ///< of all instances and seeds
    milliseconds simulated{0};
    std::optional<std::uint64_t> failing_seed;
    std::string oracle;  ///< that failed
    std::string story;   ///< the shortest found, and the command that repeats it
    bool passed() const { return !failing_seed; }
};

/// Ends at the first seed that fails. With the environment variable KLAMM_SEED it runs that seed
/// alone and prints its story: the command that a failure prints.
SimulationResult simulate(Simulation const& simulation, Seeds seeds = {});
/// The same App with handlers that are shared by all its lives.
SimulationResult simulate(App const& app, std::function<void(Inputs&)> inputs, Seeds seeds = {});

}  // namespace klamm
