#include "klamm/simulate/plan.h"

#include <algorithm>
#include <map>
#include <utility>

namespace klamm::simulated {
namespace {

constexpr sim::Time duplicate_after_max = 10 * sim::second;
constexpr sim::Time delay_max = 5 * sim::second;
constexpr std::array spreads{0 * sim::second, 1 * sim::second, 5 * sim::second, 20 * sim::second};
constexpr sim::Time tail_max = 20 * sim::second;

}  // namespace

Plan plan_of(std::uint64_t seed, Faults const& faults, std::int32_t instances, std::size_t inputs) {
    Random random{seed * 2 + 1};
    Plan plan;
    plan.seed = seed;
    plan.instances = 1 + std::int32_t(random.below(std::uint64_t(std::max(instances, 1))));
    plan.guests = std::int32_t(random.below(2));
    plan.spread = spreads[random.below(spreads.size())];
    plan.tail = sim::Time(random.below(tail_max));
    for (std::size_t i = 0; i < inputs; ++i) plan.inputs.push_back(i);
    for (auto const& kind : fault_kinds) {
        auto const usual = faults.*kind.one_in;
        bool const off = random.one_in(3);
        auto const often = usual / 2 + std::uint32_t(random.below(usual * 2ULL + 1)) + 1;
        plan.faults.*kind.one_in = usual == 0 || off ? 0 : often;
    }
    return plan;
}

Publications publications(Plan const& plan, std::vector<Input> const& inputs) {
    Publications made;
    std::map<std::pair<std::string, std::string>, sim::Time> not_before;  // by topic and key
    for (auto const number : plan.inputs) {
        Random random{(plan.seed << 20U) + number};  // its own: others may be left out
        auto const strikes = [&](std::uint32_t one_in) {
            return random.one_in(std::max(one_in, 1U)) && !plan.sound && one_in != 0;
        };
        auto const& input = inputs[number];
        auto at = input.at.count() * sim::millisecond;
        if (!plan.sound) at += plan.spread * sim::Time(number) / sim::Time(inputs.size());
        if (strikes(plan.faults.delay)) {
            ++made.delays;
            at += sim::Time(random.below(delay_max));
        }
        if (input.record.key) {
            auto& earliest = not_before[{input.record.topic, *input.record.key}];
            at = earliest = std::max(earliest, at);
        }
        made.all.push_back({at, number, false});
        if (input.id.empty() || !strikes(plan.faults.duplicate)) continue;
        ++made.duplicates;
        made.all.push_back({at + sim::Time(random.below(duplicate_after_max)), number, true});
    }
    std::ranges::stable_sort(made.all, {}, &Publication::at);
    return made;
}

sim::Plan broker_plan(Plan const& plan) {
    using sim::Fault;
    sim::Plan broker;
    broker.seed = plan.seed;
    if (plan.sound) return broker;
    auto const& faults = plan.faults;
    broker[Fault::kill] = faults.broker_kill;
    broker[Fault::power_loss] = faults.power_loss;
    broker[Fault::power_loss_in_commit] = faults.power_loss * 4;  // there are more commits
    broker[Fault::slow_sync] = faults.slow_disk;
    broker[Fault::delay] = faults.slow_message;
    broker[Fault::request_lost] = faults.request_lost;
    broker[Fault::response_lost] = faults.response_lost;
    broker[Fault::late_copy] = faults.late_request;
    return broker;
}

std::vector<Plan> smaller(Plan const& plan) {
    std::vector<Plan> all;
    auto const add = [&](auto change) {
        auto copy = plan;
        change(copy);
        all.push_back(std::move(copy));
    };
    auto const without = [&](std::size_t first, std::size_t count) {
        add([&](Plan& p) {
            auto const begin = p.inputs.begin() + std::ptrdiff_t(first);
            p.inputs.erase(begin, begin + std::ptrdiff_t(count));
        });
    };
    auto const inputs = plan.inputs.size();
    for (auto part = inputs / 2; part > 0; part /= 2) {
        for (std::size_t first = 0; first + part <= inputs; first += part) without(first, part);
        if (inputs > 16 && part <= inputs / 8) break;  // one by one when there are few
    }
    for (auto const& kind : fault_kinds)
        if (plan.faults.*kind.one_in != 0) add([&](Plan& p) { p.faults.*kind.one_in = 0; });
    if (plan.guests > 0) add([](Plan& p) { --p.guests; });
    if (plan.instances > 1) add([](Plan& p) { --p.instances; });
    if (plan.tail > sim::second) add([](Plan& p) { p.tail /= 2; });
    if (plan.spread > 0) add([](Plan& p) { p.spread /= 4; });
    return all;
}

}  // namespace klamm::simulated
