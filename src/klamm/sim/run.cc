#include "klamm/sim/run.h"

#include "klamm/sim/shrink.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

Report report_of(Plan const& plan, Outcome const& outcome) {
    return {.seeds = 1,
            .crashes = outcome.lives.crashes(),
            .power_losses = outcome.lives.power_losses,
            .torn_tails = outcome.lives.torn_tails,
            .damages_named = outcome.lives.damages_named,
            .checkpoints_passed_over = outcome.lives.checkpoints_passed_over,
            .checkpoints = outcome.lives.checkpoints,
            .events = outcome.events,
            .records_acked = outcome.records_acked,
            .records_read = outcome.records_read,
            .generations = outcome.generations,
            .commits = outcome.commits,
            .deletions = outcome.deletions,
            .committed_transactions = outcome.committed_transactions,
            .aborted_transactions = outcome.aborted_transactions,
            .timed_out_transactions = outcome.timed_out_transactions,
            .merges = outcome.lives.merges,
            .repacks = outcome.lives.repacks,
            .passes = outcome.lives.passes,
            .records_compacted = outcome.lives.records_compacted,
            .jobs_cut = outcome.lives.jobs_cut,
            .simulated = outcome.simulated,
            .faults = outcome.faults,
            .answers = outcome.answers,
            .failing_seed = outcome.violation ? std::optional{plan.seed} : std::nullopt,
            .story = {}};
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

Report& Report::operator+=(Report const& other) {
    seeds += other.seeds;
    crashes += other.crashes;
    power_losses += other.power_losses;
    torn_tails += other.torn_tails;
    damages_named += other.damages_named;
    checkpoints_passed_over += other.checkpoints_passed_over;
    checkpoints += other.checkpoints;
    events += other.events;
    records_acked += other.records_acked;
    records_read += other.records_read;
    generations += other.generations;
    commits += other.commits;
    deletions += other.deletions;
    committed_transactions += other.committed_transactions;
    aborted_transactions += other.aborted_transactions;
    timed_out_transactions += other.timed_out_transactions;
    merges += other.merges;
    repacks += other.repacks;
    passes += other.passes;
    records_compacted += other.records_compacted;
    jobs_cut += other.jobs_cut;
    simulated += other.simulated;
    for (std::size_t i = 0; i < fault_kinds; ++i) faults[i] += other.faults[i];
    for (auto const& [kind, times] : other.answers) answers[kind] += times;
    if (other.failing_seed && (!failing_seed || *other.failing_seed < *failing_seed)) {
        failing_seed = other.failing_seed;
        story = other.story;
    }
    return *this;
}

Report run(Options const& options) {
    Report report;
    auto const wants_more = [&] {
        if (options.stop && options.stop()) return false;
        if (options.seeds != 0 && report.seeds >= options.seeds) return false;
        return options.crashes == 0 || report.crashes < options.crashes;
    };
    for (auto seed = options.first_seed; wants_more(); seed += options.step) {
        auto const plan = plan_of(seed);
        auto const outcome = run_world(plan);
        report += report_of(plan, outcome);
        if (options.progress) options.progress(report);
        if (!outcome.violation) continue;
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
        "  {} transactions committed, {} aborted by their clients, {} by their timeout\n"
        "  {} merges, {} repacks, {} passes of compaction; {} of their jobs cut by a crash\n"
        "  {} records compacted away\n"
        "faults met\n",
        grouped(report.seeds), duration(report.simulated), grouped(report.events),
        grouped(report.crashes), grouped(report.power_losses), grouped(report.torn_tails),
        grouped(report.damages_named), grouped(report.checkpoints),
        grouped(report.checkpoints_passed_over), grouped(report.records_acked),
        grouped(report.records_read), grouped(report.deletions), grouped(report.generations),
        grouped(report.commits), grouped(report.committed_transactions),
        grouped(report.aborted_transactions), grouped(report.timed_out_transactions),
        grouped(report.merges), grouped(report.repacks), grouped(report.passes),
        grouped(report.jobs_cut), grouped(report.records_compacted));
    for (std::size_t i = 0; i < fault_kinds; ++i)
        text += fmt::format("  {:>9}  {}\n", grouped(report.faults[i]), to_string(Fault(i)));
    return text + "requests answered\n" + to_text(report.answers);
}

}  // namespace klamm::sim
