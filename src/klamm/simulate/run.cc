#include "klamm/simulate/run.h"

#include "klamm/simulate/read_events.h"
#include "klamm/simulate/shrink.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string_view>
#include <thread>

namespace klamm {
namespace simulated {
namespace {

struct Seed {
    Plan plan;
    std::vector<Input> inputs;
};

Seed prepare(Simulation const& simulation, std::uint64_t seed, handler::Mutation mutation) {
    auto const app = simulation.app();
    RecordedInputs recorded(app, seed, Time{milliseconds{sim::Schedule{}.broker_now().wall_ms}});
    simulation.inputs(recorded);
    Seed prepared;
    prepared.inputs = recorded.take();
    prepared.plan = plan_of(seed, simulation.faults, simulation.instances, prepared.inputs.size());
    prepared.plan.mutation = mutation;
    return prepared;
}

Ending run_seed(Simulation const& simulation, Seed const& seed) {
    if (!simulation.redelivery) return run_world(simulation, seed.plan, seed.inputs, nullptr);
    auto sound = seed.plan;
    sound.sound = true;
    sound.mutation = handler::Mutation::none;
    auto const reference = run_world(simulation, sound, seed.inputs, nullptr);
    if (reference.violation) {  // not even without faults
        Ending failed;
        failed.violation = reference.violation;
        return failed;
    }
    return run_world(simulation, seed.plan, seed.inputs, &reference.history);
}

/// The seeds dealt out to threads. The first that fails, by number, is what counts.
class Seeding {
public:
    Seeding(Simulation const& simulation, Seeds const& seeds, handler::Mutation mutation)
        : simulation_(simulation), seeds_(seeds), mutation_(mutation) {}

    SimulationResult run() {
        auto const wanted = seeds_.threads > 0 ? std::uint64_t(seeds_.threads)
                                               : std::uint64_t(std::thread::hardware_concurrency());
        auto const threads =
            std::clamp<std::uint64_t>(wanted, 1, std::max<std::uint64_t>(seeds_.count, 1));
        if (threads == 1) {
            work();
        } else {
            std::vector<std::jthread> all;
            for (std::uint64_t i = 0; i < threads; ++i) all.emplace_back([this] { work(); });
        }
        return std::move(result_);
    }

private:
    void work() {
        for (;;) {
            auto const number = next_++;
            if (number >= seeds_.count || number > failed_) return;
            auto const seed = prepare(simulation_, seeds_.first + number, mutation_);
            take(number, run_seed(simulation_, seed));
        }
    }
    void take(std::uint64_t number, Ending ending) {
        std::scoped_lock const lock{mutex_};
        ++result_.seeds;
        for (auto const& [fault, times] : ending.faults) result_.faults[fault] += times;
        add(result_.counts, ending.counts);
        result_.simulated += milliseconds{ending.simulated / sim::millisecond};
        result_.trace_hash += ending.trace_hash * (2 * (seeds_.first + number) + 1);
        if (!ending.violation || number >= failed_) return;
        failed_ = number;
        result_.failing_seed = seeds_.first + number;
        result_.oracle = ending.violation->invariant;
        result_.story = fmt::format("seed {}: {}: {}\n", *result_.failing_seed, result_.oracle,
                                    ending.violation->what);
    }

    Simulation const& simulation_;
    Seeds const& seeds_;
    handler::Mutation mutation_;
    std::atomic<std::uint64_t> next_ = 0;
    std::atomic<std::uint64_t> failed_ = ~std::uint64_t{0};
    std::mutex mutex_;
    SimulationResult result_;
};

std::optional<std::uint64_t> seed_asked_for() {
    auto const* text = std::getenv("KLAMM_SEED");
    if (text == nullptr) return std::nullopt;
    std::string_view const digits(text);
    std::uint64_t seed = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seed);
    if (error == std::errc{} && end == digits.data() + digits.size()) return seed;
    std::fputs("KLAMM_SEED must be a number, such as 17; it is ignored.\n", stderr);
    return std::nullopt;
}

}  // namespace

namespace {

/// For who looks for the error in the library itself: KLAMM_WIRE names a file for it.
void write_wire(Ending const& ending) {
    auto const* name = std::getenv("KLAMM_WIRE");
    if (name == nullptr) return;
    std::ofstream file(name);
    for (auto const& line : ending.wire) file << line << "\n";
}

std::string whole_story(Simulation const& simulation, std::uint64_t number,
                        std::string const& test) {
    auto seed = prepare(simulation, number, handler::Mutation::none);
    seed.plan.keep_story = true;
    ShortStory const whole{seed.plan, run_seed(simulation, seed), 1};
    write_wire(whole.ending);
    return to_text(whole, command_that_repeats(number, test));
}

}  // namespace

SimulationResult run_seeds(Simulation const& simulation, Seeds const& seeds,
                           handler::Mutation mutation, bool shrinks) {
    auto result = Seeding(simulation, seeds, mutation).run();
    if (!result.failing_seed || !shrinks) return result;
    auto const seed = prepare(simulation, *result.failing_seed, mutation);
    auto const story = shrink(simulation, seed.plan, seed.inputs);
    write_wire(story.ending);
    if (story.ending.violation)
        result.story = to_text(story, command_that_repeats(*result.failing_seed, seeds.test));
    return result;
}

}  // namespace simulated

SimulationResult detail::run_simulation(Simulation const& simulation, Seeds seeds) {
    auto const asked = simulated::seed_asked_for();
    if (asked) seeds.first = *asked, seeds.count = 1;
    auto result = simulated::run_seeds(simulation, seeds);
    if (asked) {
        if (result.passed()) result.story = simulated::whole_story(simulation, *asked, seeds.test);
        std::fputs(result.story.c_str(), stdout);
    }
    return result;
}

}  // namespace klamm
