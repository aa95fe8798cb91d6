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
    report.checkpoints_passed_over += outcome.lives.checkpoints_passed_over;
    report.checkpoints += outcome.lives.checkpoints;
    report.events += outcome.events;
    report.records_acked += outcome.records_acked;
    report.records_read += outcome.records_read;
    report.generations += outcome.generations;
    report.commits += outcome.commits;
    report.deletions += outcome.deletions;
    report.simulated += outcome.simulated;
    for (std::size_t i = 0; i < fault_kinds; ++i) report.faults[i] += outcome.faults[i];
}

/// 1,204
std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = std::ssize(text) - 3; at > 0; at -= 3) text.insert(std::size_t(at), 1, ',');
    return text;
}

/// "3 h 12 min", "40 s"
std::string duration(Time time) {
    constexpr Time minute = 60 * second;
    if (time < minute) return fmt::format("{} s", time / second);
    if (time < 60 * minute)
        return fmt::format("{} min {} s", time / minute, time % minute / second);
    return fmt::format("{} h {} min", time / (60 * minute), time / minute % 60);
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
        "{} seeds: {} of simulated time, {} events\n"
        "  {} crashes, {} of them power losses; {} torn tails cut, {} flipped bits named\n"
        "  {} checkpoints saved, {} damaged ones passed over at a start\n"
        "  {} records acknowledged, {} read by groups, {} deletions of records\n"
        "  {} generations joined, {} offsets committed\n"
        "faults met\n",
        grouped(report.seeds), duration(report.simulated), grouped(report.events),
        grouped(report.crashes), grouped(report.power_losses), grouped(report.torn_tails),
        grouped(report.damages_named), grouped(report.checkpoints),
        grouped(report.checkpoints_passed_over), grouped(report.records_acked),
        grouped(report.records_read), grouped(report.deletions), grouped(report.generations),
        grouped(report.commits));
    for (std::size_t i = 0; i < fault_kinds; ++i)
        text += fmt::format("  {:>9}  {}\n", grouped(report.faults[i]), to_string(Fault(i)));
    return text;
}

}  // namespace klamm::sim
