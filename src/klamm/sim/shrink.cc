#include "klamm/sim/shrink.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>

#include <vector>

namespace klamm::sim {
namespace {

constexpr Time duration_min = 500 * millisecond;
constexpr std::size_t story_lines_max = 120;
constexpr std::size_t line_bytes_max = 240;  // an answer may be long

/// Each plan that is a little smaller than this one, the bravest first.
std::vector<Plan> smaller(Plan const& plan) {
    std::vector<Plan> all;
    auto const add = [&](auto change) {
        auto copy = plan;
        change(copy);
        all.push_back(copy);
    };
    if (plan.duration > duration_min) {
        add([](Plan& p) { p.duration /= 2; });
        add([](Plan& p) { p.duration -= p.duration / 8; });
    }
    for (std::size_t fault = 0; fault < fault_kinds; ++fault)
        if (plan.one_in[fault] != 0) add([&](Plan& p) { p.one_in[fault] = 0; });
    if (plan.admin) add([](Plan& p) { p.admin = false; });
    if (plan.table) add([](Plan& p) { p.table = false; });
    if (plan.plain_producers > 0) add([](Plan& p) { --p.plain_producers; });
    if (plan.idempotent_producers > 0) add([](Plan& p) { --p.idempotent_producers; });
    if (plan.applications > 0) add([](Plan& p) { --p.applications; });
    if (plan.writers > 0) add([](Plan& p) { --p.writers; });
    if (plan.groups > 0) add([](Plan& p) { --p.groups; });
    if (plan.members > 1) add([](Plan& p) { --p.members; });
    if (plan.modern_groups > 0) add([](Plan& p) { --p.modern_groups; });
    if (plan.modern_members > 1) add([](Plan& p) { --p.modern_members; });
    if (plan.partitions > 1) add([](Plan& p) { --p.partitions; });
    return all;
}

}  // namespace

Story shrink(Plan const& failing, std::function<bool()> const& stop) {
    Story story{failing, run_world(failing), 1};
    ensure(story.outcome.violation.has_value());
    auto const invariant = story.outcome.violation->invariant;
    for (bool found = true; found && !stop();) {
        found = false;
        for (auto const& plan : smaller(story.plan)) {
            auto outcome = run_world(plan);
            ++story.runs;
            if (!outcome.violation || outcome.violation->invariant != invariant) continue;
            story.plan = plan;
            story.outcome = std::move(outcome);
            found = true;
            break;
        }
    }
    story.plan.keep_story = true;
    story.outcome = run_world(story.plan);
    return story;
}

namespace {

std::string shortened(std::string const& line) {
    if (line.size() <= line_bytes_max) return line;
    return line.substr(0, line_bytes_max) + " ...";
}

}  // namespace

std::string to_text(Story const& story) {
    auto const& violation = *story.outcome.violation;
    auto const& plan = story.plan;
    std::string text = fmt::format(
        "seed {}: {} is violated: {}\n"
        "the shortest story found ({} runs): {:.1f} s, {} partitions, {} idempotent and {} plain "
        "producers, {} writers of transactions, {} applications, {} classic groups of {}, {} of "
        "the consumer protocol of {}, {}, {}\n",
        plan.seed, violation.invariant, violation.what, story.runs, double(plan.duration) / second,
        plan.partitions, plan.idempotent_producers, plan.plain_producers, plan.writers,
        plan.applications, plan.groups, plan.members, plan.modern_groups, plan.modern_members,
        plan.admin ? "an admin" : "no admin", plan.table ? "a table" : "no table");
    std::string faults;
    for (std::size_t fault = 0; fault < fault_kinds; ++fault)
        if (plan.one_in[fault] != 0)
            faults += fmt::format("{} {} (1 in {})", faults.empty() ? "" : ",",
                                  to_string(Fault(fault)), plan.one_in[fault]);
    text += faults.empty() ? "no faults are needed\n" : "faults:" + faults + "\n";
    auto const& lines = story.outcome.story;
    auto const skipped = lines.size() > story_lines_max ? lines.size() - story_lines_max : 0;
    if (skipped > 0) text += fmt::format("  ... {} earlier events\n", skipped);
    for (auto i = skipped; i < lines.size(); ++i) text += shortened(lines[i]) + "\n";
    text += fmt::format("repeat it with: klamm sim --seed {}\n", plan.seed);
    return text;
}

}  // namespace klamm::sim
