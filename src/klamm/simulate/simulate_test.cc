#include <gmock/gmock.h>

#include "klamm/simulate/plan.h"
#include "klamm/simulate/run.h"
#include "klamm/simulate/sample_app.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <set>

namespace klamm::simulated {
namespace {

Simulation sample(SampleOptions options = {}) {
    Simulation simulation;
    simulation.app = [options] { return sample_app(options); };
    simulation.inputs = [](Inputs& inputs) { sample_inputs(inputs); };
    simulation.redrive = true;
    return simulation;
}

/// KLAMM_SEEDS=10000 for more than a look; KLAMM_FIRST=1 where to begin.
std::uint64_t number(char const* name, std::uint64_t usual) {
    auto const* text = std::getenv(name);
    return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}
Seeds some_seeds(std::uint64_t usual) {
    return {.first = number("KLAMM_FIRST", 1), .count = number("KLAMM_SEEDS", usual)};
}

void print(SimulationResult const& result, std::chrono::steady_clock::time_point began) {
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
    for (auto const& [fault, times] : result.faults) std::cout << times << "  " << fault << "\n";
    auto const simulated = double(result.simulated.count()) / 1000;
    std::cout << result.seeds << " seeds, " << result.counts.handled << " events, " << simulated
              << " s in " << took.count() << " s: " << simulated / took.count() << " times\n";
}

TEST(Simulate, TheSampleStandsAllFaults) {
    auto const began = std::chrono::steady_clock::now();
    auto const result = simulate(sample(), some_seeds(60));
    EXPECT_TRUE(result.passed()) << result.story;
    print(result, began);
    // A fault that no run ever met tests nothing.
    for (auto const& kind : fault_kinds)
        EXPECT_TRUE(result.faults.contains(std::string(kind.name))) << kind.name;
}

TEST(Simulate, PartitionsInOrderStandAllFaults) {
    auto simulation = sample({.park = Park::partition, .order = Order::partition});
    simulation.redelivery = false;  // what waits behind a dead letter differs
    auto const result = simulate(simulation, some_seeds(20));
    EXPECT_TRUE(result.passed()) << result.story;
}

TEST(Simulate, HandlersThatParkNothingStandAllFaults) {
    auto simulation = sample({.park = Park::none, .partitions = 1});
    simulation.redelivery = false;  // later events overtake dead letters, earlier or later
    auto const result = simulate(simulation, some_seeds(20));
    EXPECT_TRUE(result.passed()) << result.story;
}

TEST(Simulate, OneHandlerAtATimeStandsAllFaults) {
    auto const result = simulate(sample({.concurrency = 1, .partitions = 4}), some_seeds(20));
    EXPECT_TRUE(result.passed()) << result.story;
}

TEST(Simulate, RequestsAndAvroStandAllFaults) {
    App app("desk");
    app.options().format = Format::avro;
    app.on<Late>("asks", [](Late const& late, Context& context) {
        context.reply(Receipt{late.flight, late.minutes});
        return done();
    });
    app.sends<Receipt>("answers");
    Simulation simulation;
    simulation.app = [&app] { return app; };
    simulation.inputs = [](Inputs& inputs) {
        for (int i = 0; i < 20; ++i)
            inputs.publish("asks", Late{"KL1", i},
                           {.key = std::to_string(i % 3),
                            .headers = {{"kafka_replyTopic", "answers"},
                                        {"kafka_correlationId", std::to_string(i)}}});
    };
    simulation.oracles["each has its answer"] = [](Committed const& committed) -> std::string {
        std::set<std::int32_t> answered;
        for (auto const& receipt : committed.sent<Receipt>("answers"))
            if (!answered.insert(receipt.number).second) return "one has two";
        return answered.size() == 20 ? "" : "only " + std::to_string(answered.size());
    };
    auto const result = simulate(simulation, some_seeds(20));
    EXPECT_TRUE(result.passed()) << result.story;
}

TEST(Simulate, TellsTheShortestStoryWhenAnOracleOfTheUserFails) {
    auto simulation = sample();
    simulation.oracles["no claim above 200"] = [](Committed const& committed) -> std::string {
        for (auto const& claim : committed.sent<Claim>("claims"))
            if (claim.euros > 200) return "a claim of " + std::to_string(claim.euros);
        return {};
    };
    auto const result = simulate(simulation, {.count = 3});
    ASSERT_EQ(result.failing_seed, 1U);
    EXPECT_EQ(result.oracle, "no claim above 200");
    EXPECT_THAT(result.story, testing::HasSubstr("a claim of 250"));
    EXPECT_THAT(result.story, testing::HasSubstr("1 inputs, 1 instances; no faults are needed"));
    EXPECT_THAT(result.story, testing::HasSubstr("(flights.late, key KL"));
    EXPECT_THAT(result.story, testing::HasSubstr("repeat it with: KLAMM_SEED=1 "));
    EXPECT_THAT(result.story,
                testing::HasSubstr("--gtest_filter=Simulate.TellsTheShortestStoryWhenAnOracle"));
}

TEST(Simulate, ShowsOraclesWhatWasPublished) {
    auto simulation = sample();
    simulation.inputs = [](Inputs& inputs) {
        for (int i = 0; i < 10; ++i) inputs.publish("flights", Late{"KL1", i}, {.key = "KL1"});
    };
    simulation.oracles["all ten"] = [](Committed const& committed) -> std::string {
        auto const late = committed.published<Late>("flights");
        for (int i = 0; i < 10; ++i)
            if (late.size() != 10 || late[std::size_t(i)] != Late{"KL1", i}) return "not so";
        return {};
    };
    auto const result = simulate(simulation, {.count = 5});
    EXPECT_TRUE(result.passed()) << result.story;
}

TEST(Simulate, FindsAHandlerThatForgets) {
    // What handlers keep outside of their state is gone with a crash, and wrong after a retry.
    Simulation simulation;
    simulation.app = [] {
        App app("forgetful");
        app.on<Late>("flights", [counts = std::make_shared<std::map<std::string, int>>()](
                                    Late const& late, Context& context) {
            context.send("notices", Notice{late.flight, late.minutes, ++(*counts)[late.flight]});
            return done();
        });
        app.options().concurrency = 1;
        return app;
    };
    simulation.inputs = [](Inputs& inputs) {
        for (int i = 0; i < 20; ++i) inputs.publish("flights", Late{"KL1", 10}, {.key = "KL1"});
    };
    auto const result = simulate(simulation, {.count = 200});
    ASSERT_FALSE(result.passed());
    EXPECT_EQ(result.oracle, "redelivery");
}

TEST(Simulate, TheSameSeedsAreTheSameLives) {
    Seeds const seeds{.first = 1, .count = 8, .threads = 1};
    auto const first = simulate(sample(), seeds);
    auto const second = simulate(sample(), seeds);
    EXPECT_EQ(first.trace_hash, second.trace_hash);
    auto other = seeds;
    other.first = 2;
    EXPECT_NE(simulate(sample(), other).trace_hash, first.trace_hash);
}

struct Mutant {
    handler::Mutation mutation;
    std::string name;
    std::vector<std::string> found_by;  ///< any of these oracles
};

void PrintTo(Mutant const& mutant, std::ostream* out) { *out << mutant.name; }

std::vector<Mutant> const mutants{
    {handler::Mutation::commit_before_send, "commit_before_send", {"exactly_once"}},
    {handler::Mutation::no_deduplication, "no_deduplication", {"exactly_once"}},
    {handler::Mutation::shared_retry_counter, "shared_retry_counter", {"attempts"}},
    {handler::Mutation::dead_letter_outside, "dead_letter_outside", {"exactly_once"}},
    {handler::Mutation::parked_key_overtaken, "parked_key_overtaken", {"key_order"}},
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, are_found_out) {
    constexpr std::uint64_t seeds_max = 1000;
    auto const& [mutation, name, found_by] = GetParam();
    auto const result = run_seeds(sample(), {.count = seeds_max}, mutation, false);
    ASSERT_TRUE(result.failing_seed) << "no seed out of " << seeds_max << " showed it";
    EXPECT_THAT(found_by, testing::Contains(result.oracle)) << result.story;
    std::cout << result.story;
    auto const sound = run_seeds(sample(), {.first = *result.failing_seed, .count = 1});
    EXPECT_TRUE(sound.passed()) << "even without the mutation\n" << sound.story;
}

INSTANTIATE_TEST_SUITE_P(Engine, Mutants, testing::ValuesIn(mutants),
                         [](auto const& each) { return each.param.name; });

}  // namespace
}  // namespace klamm::simulated
