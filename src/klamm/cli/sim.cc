// cli/sim.cc - klamm sim: the broker in a simulated world with faults, seed after seed.
#include "klamm/cli/commands.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/json.h"
#include "klamm/cli/outcome.h"
#include "klamm/cli/terminal.h"
#include "klamm/sim/run.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace klamm::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t seeds_by_default = 100;
constexpr int seeds_max = 1'000'000'000;
constexpr int minutes_max = 100'000;
constexpr unsigned jobs_max = 1024;

struct SimFlags {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 0;
    double minutes = 0;
    unsigned jobs = 1;
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
        .field("transactions_committed", report.committed_transactions)
        .field("transactions_aborted", report.aborted_transactions)
        .field("transactions_timed_out", report.timed_out_transactions)
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

/// The seeds dealt out to so many threads; each run is one thread's own.
class Jobs {
public:
    explicit Jobs(SimFlags const& flags) : flags_(flags) {}

    sim::Report run() {
        std::vector<sim::Report> reports(flags_.jobs);
        {
            std::vector<std::jthread> threads;
            for (unsigned job = 0; job < flags_.jobs; ++job)
                threads.emplace_back([this, job, &reports] {
                    reports[job] = sim::run(options(job));
                    if (reports[job].failing_seed) found_ = true;  // which ends the others
                });
        }
        progress_.clear();
        sim::Report all;
        for (auto const& report : reports) all += report;
        return all;
    }

    double seconds() const { return seconds_since(begin_); }

private:
    sim::Options options(unsigned job) {
        auto const total = flags_.seeds > 0     ? flags_.seeds
                           : flags_.minutes > 0 ? std::numeric_limits<std::uint64_t>::max()
                                                : seeds_by_default;
        sim::Options options;
        options.first_seed = flags_.first_seed + job;
        options.step = flags_.jobs;
        options.seeds = total / flags_.jobs + (job < total % flags_.jobs ? 1 : 0);
        options.progress = [this, job](sim::Report const& report) { show(job, report); };
        options.stop = [this, none = options.seeds == 0] { return none || stopped(); };
        return options;
    }

    void show(unsigned job, sim::Report const& report) {
        std::scoped_lock const lock{mutex_};
        if (job != 0 || !progress_.due()) return;
        progress_.show(fmt::format(
            "seed {}: {} seeds each, {} crashes, {} records acknowledged, "
            "{:.0f} s",
            flags_.first_seed + (report.seeds - 1) * flags_.jobs,
            with_commas(std::int64_t(report.seeds)), with_commas(std::int64_t(report.crashes)),
            with_commas(std::int64_t(report.records_acked)), seconds()));
    }

    bool stopped() {
        std::scoped_lock const lock{mutex_};
        return found_ || interrupt_.asked() ||
               (flags_.minutes > 0 && seconds() >= flags_.minutes * 60);
    }

    SimFlags const& flags_;
    steady_clock::time_point const begin_ = steady_clock::now();
    std::atomic<bool> found_ = false;
    std::mutex mutex_;
    Interrupt interrupt_;
    ProgressLine progress_;
};

Outcome<> simulate(SimFlags const& flags) {
    Jobs jobs{flags};
    auto const report = jobs.run();
    if (flags.json)
        print_json(flags, report, jobs.seconds());
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
    command->add_option("--jobs", flags->jobs, "On so many threads")
        ->type_name("N")
        ->check(CLI::Range(1U, jobs_max))
        ->capture_default_str();
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
