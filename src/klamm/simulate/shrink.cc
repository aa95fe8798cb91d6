#include "klamm/simulate/shrink.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace klamm::simulated {
namespace {

constexpr int runs_max = 400;
constexpr std::size_t story_lines_max = 400;

History const* compare_with(Simulation const& simulation, Plan const& plan,
                            std::vector<Input> const& inputs, History& reference) {
    if (!simulation.redelivery) return nullptr;
    auto sound = plan;
    sound.sound = true;
    sound.mutation = handler::Mutation::none;
    sound.keep_story = false;
    reference = run_world(simulation, sound, inputs, nullptr).history;
    return &reference;
}

}  // namespace

ShortStory shrink(Simulation const& simulation, Plan const& failing,
                  std::vector<Input> const& inputs) {
    ShortStory story;
    story.plan = failing;
    auto const run = [&](Plan const& plan) {
        ++story.runs;
        History reference;
        return run_world(simulation, plan, inputs,
                         compare_with(simulation, plan, inputs, reference));
    };
    story.ending = run(failing);
    if (!story.ending.violation) return story;
    auto const oracle = story.ending.violation->invariant;
    for (bool found = true; found;) {
        found = false;
        for (auto const& plan : smaller(story.plan)) {
            if (story.runs >= runs_max) break;
            auto ending = run(plan);
            if (!ending.violation || ending.violation->invariant != oracle) continue;
            story.plan = plan;
            found = true;
            break;
        }
    }
    story.plan.keep_story = true;
    story.ending = run(story.plan);
    return story;
}

std::string to_text(ShortStory const& story, std::string const& command) {
    auto const& plan = story.plan;
    std::string text;
    if (story.ending.violation)
        text = fmt::format("seed {}: {}: {}\n", plan.seed, story.ending.violation->invariant,
                           story.ending.violation->what);
    else
        text = fmt::format("seed {}: all is well\n", plan.seed);
    text += fmt::format("the shortest story found ({} runs): {} inputs, {} instances{}", story.runs,
                        plan.inputs.size(), plan.instances,
                        plan.guests > 0 ? " and one that comes and goes" : "");
    std::string faults;
    for (auto const& kind : fault_kinds)
        if (plan.faults.*kind.one_in != 0)
            faults += fmt::format("{}{}", faults.empty() ? "" : "; ", kind.name);
    text +=
        faults.empty() ? "; no faults are needed\n" : "; faults that may happen: " + faults + "\n";
    auto const& lines = story.ending.story;
    auto const skipped = lines.size() > story_lines_max ? lines.size() - story_lines_max : 0;
    if (skipped > 0) text += fmt::format("  ... {} earlier lines\n", skipped);
    for (auto i = skipped; i < lines.size(); ++i)
        text += fmt::format("{:>9.3f} s  {}\n", double(lines[i].at) / sim::second, lines[i].text);
    return text + "repeat it with: " + command + "\n";
}

std::string command_that_repeats(std::uint64_t seed, std::string const& test) {
    std::ifstream file("/proc/self/cmdline");
    std::string const all{std::istreambuf_iterator<char>(file), {}};
    auto command = fmt::format("KLAMM_SEED={} {}", seed, all.substr(0, all.find('\0')));
    if (!test.empty()) command += " --gtest_filter=" + test;
    return command;
}

}  // namespace klamm::simulated
