#include "klamm/health.h"

#include "klamm/json/value.h"

#include <array>
#include <utility>

namespace klamm {
namespace {

constexpr std::array<std::string_view, 8> kinds{"not_started", "stopped",  "engine_away", "stalled",
                                                "slow",        "poisoned", "lagging",     "fenced"};

}  // namespace

std::string_view to_string(Problem::Kind kind) { return kinds.at(std::to_underlying(kind)); }

std::string to_json(Health const& health) {
    json::Array problems;
    for (auto const& problem : health.problems) {
        json::Value said(json::Object{});
        said.set("kind", to_string(problem.kind));
        if (!problem.handler.empty()) said.set("handler", problem.handler);
        if (!problem.topic.empty()) said.set("topic", problem.topic);
        if (problem.partition >= 0) said.set("partition", problem.partition);
        said.set("why", problem.why);
        problems.push_back(std::move(said));
    }
    json::Value all(json::Object{});
    all.set("healthy", health.healthy()).set("problems", std::move(problems));
    return json::print(all);
}

}  // namespace klamm
