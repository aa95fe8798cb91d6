#include "klamm/sim/run.h"

#include "klamm/sim/shrink.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

void add(Report& report, Outcome const& outcome) {
    ++report.seeds;
    report.crashes += outcome.lives.crashes();
    report.power_losses += outcome.lives.power_losses;
    report.torn_tails += outcome.lives.torn_tails;
    report.damages_named += outcome.lives.damages_named;
    report.checkpoints += outcome.lives.checkpoints;
    report.events += outcome.events;
    report.records_acked += outcome.records_acked;
    report.records_read += outcome.records_read;
    report.generations += outcome.generations;
    report.commits += outcome.commits;
    report.simulated += outcome.simulated;
    for (std::size_t i = 0; i < fault_kinds; ++i) report.faults[i] += outcome.faults[i];
}

}  // namespace

Report run(Options const& options) {
    Report report;
    auto const wants_more = [&] {
        if (options.stop && options.stop()) return false;
        if (options.seeds != 0 && report.seeds >= options.seeds) return false;
        return options.crashes == 0 || report.crashes < options.crashes;
    };
    for (auto seed = options.first_seed; wants_more(); ++seed) {
        auto const plan = plan_of(seed);
        auto const outcome = run_world(plan);
        add(report, outcome);
        if (options.progress) options.progress(report);
        if (!outcome.violation) continue;
        report.failing_seed = seed;
        report.story = to_text(options.stop ? shrink(plan, options.stop) : shrink(plan));
        break;
    }
    return report;
}

std::string to_text(Report const& report) {
    auto text = fmt::format(
        "{} seeds, {:.0f} s simulated, {} events\n"
        "{} crashes ({} power losses), {} torn tails cut, {} damages named, {} checkpoints\n"
        "{} records acknowledged, {} read by groups, {} generations joined, {} offsets committed\n",
        report.seeds, double(report.simulated) / second, report.events, report.crashes,
        report.power_losses, report.torn_tails, report.damages_named, report.checkpoints,
        report.records_acked, report.records_read, report.generations, report.commits);
    text += "faults:";
    for (std::size_t i = 0; i < fault_kinds; ++i)
        text += fmt::format(" {} {},", report.faults[i], to_string(Fault(i)));
    text.back() = '\n';
    return text;
}

}  // namespace klamm::sim
