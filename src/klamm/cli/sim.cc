// cli/sim.cc - klamm sim: the broker in a simulated world with faults, seed after seed.
#include "klamm/cli/commands.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/json.h"
#include "klamm/cli/outcome.h"
#include "klamm/cli/terminal.h"
#include "klamm/sim/run.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <chrono>

namespace klamm::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t seeds_by_default = 100;
constexpr int seeds_max = 1'000'000'000;
constexpr int minutes_max = 100'000;

struct SimFlags {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 0;
    double minutes = 0;
    bool json = false;
};

double seconds_since(steady_clock::time_point begin) {
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

void print_json(SimFlags const& flags, sim::Report const& report, double seconds) {
    Json()
        .object()
        .field("first_seed", flags.first_seed)
        .field("seeds", report.seeds)
        .field("crashes", report.crashes)
        .field("power_losses", report.power_losses)
        .field("torn_tails", report.torn_tails)
        .field("events", report.events)
        .field("records_acknowledged", report.records_acked)
        .field("records_read", report.records_read)
        .field("commits", report.commits)
        .field("deletions", report.deletions)
        .field("generations", report.generations)
        .field("checkpoints", report.checkpoints)
        .field("checkpoints_passed_over", report.checkpoints_passed_over)
        .field("damages_named", report.damages_named)
        .field("seconds", seconds)
        .field("failing_seed", report.failing_seed)
        .field("story", report.story)
        .end_object()
        .print_line(stdout);
}

Outcome<> simulate(SimFlags const& flags) {
    Interrupt interrupt;
    ProgressLine progress;
    auto const begin = steady_clock::now();
    sim::Options options;
    options.first_seed = flags.first_seed;
    options.seeds = flags.seeds > 0 ? flags.seeds : flags.minutes > 0 ? 0 : seeds_by_default;
    options.progress = [&](sim::Report const& report) {
        if (!progress.due()) return;
        progress.show(fmt::format(
            "seed {}: {} seeds, {} crashes, {} records acknowledged, {:.0f} s",
            flags.first_seed + report.seeds - 1, with_commas(std::int64_t(report.seeds)),
            with_commas(std::int64_t(report.crashes)),
            with_commas(std::int64_t(report.records_acked)), seconds_since(begin)));
    };
    options.stop = [&] {
        return interrupt.asked() ||
               (flags.minutes > 0 && seconds_since(begin) >= flags.minutes * 60);
    };
    auto const report = sim::run(options);
    progress.clear();
    if (flags.json)
        print_json(flags, report, seconds_since(begin));
    else
        fmt::print("{}", sim::to_text(report));
    if (!report.failing_seed) return {};
    if (!flags.json) fmt::print("\n{}\n", report.story);
    return failed(
        fmt::format("seed {} violates an invariant", *report.failing_seed),
        fmt::format("`klamm sim --seed {} --seeds 1` shows it again", *report.failing_seed));
}

}  // namespace

void add_sim(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "sim", "Run the broker in a simulated world that fails in every way it can");
    auto flags = std::make_shared<SimFlags>();
    command->add_option("--seed", flags->first_seed, "The first seed")
        ->type_name("N")
        ->capture_default_str();
    auto* seeds =
        command->add_option("--seeds", flags->seeds, "How many seeds; 100 if nothing is said")
            ->type_name("N")
            ->check(CLI::Range(1, seeds_max));
    command->add_option("--minutes", flags->minutes, "For so long, however many seeds that are")
        ->type_name("M")
        ->check(CLI::Range(0.01, double(minutes_max)))
        ->excludes(seeds);
    command->add_flag("--json", flags->json, "Write the report as JSON");
    command->footer(
        "One seed is one life of a cluster: clients, crashes, cut connections, lost writes. The "
        "same\n"
        "seed is the same life on every machine. It stops at the first that violates an "
        "invariant,\n"
        "and tells the shortest story of it that it can find.\n"
        "Examples:\n"
        "  klamm sim --minutes 10\n"
        "  klamm sim --seed 4711 --seeds 1");
    command->callback([flags, &exit_code] { exit_code = report(simulate(*flags)); });
}

}  // namespace klamm::cli
