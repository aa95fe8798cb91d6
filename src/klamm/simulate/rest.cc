#include "klamm/simulate/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::simulated {

bool idle(std::vector<Worker> const& workers) {
    return !workers.empty() && std::ranges::all_of(workers, [](Worker const& worker) {
        return worker.engine->ready() && worker.engine->idle();
    });
}

std::string what_is_left(App const& app, std::vector<Worker> const& workers, LogView const& log) {
    if (workers.empty()) return "no instance is up";
    std::string left;
    std::set<bus::TopicPartition> held;
    for (auto const& [name, engine, holdings] : workers) {
        held.insert(holdings->held().begin(), holdings->held().end());
        if (engine->ready() && engine->idle()) continue;
        left += fmt::format(
            "instance {} {}", name,
            engine->ready() ? "has events that are not finished" : "is not at work yet");
        for (auto const& problem : engine->health().problems) left += "; " + problem.why;
        left += "\n";
    }
    std::set<std::string> handled;
    for (auto const& each : app.declarations()) handled.insert(each.topic);
    auto const topics = log.topics();
    auto const committed = log.committed(app.name());
    for (auto const& topic : handled) {
        auto const known = topics.find(topic);
        auto const partitions = known == topics.end() ? 0 : known->second;
        for (std::int32_t number = 0; number < partitions; ++number) {
            auto const found = committed.find({topic, number});
            auto const offset =
                found == committed.end() ? 0 : std::max<std::int64_t>(found->second.offset, 0);
            if (!held.contains({topic, number}))
                left += fmt::format("{}/{} belongs to no instance\n", topic, number);
            if (!log.has_more({topic, number}, offset)) continue;
            left += fmt::format("{}/{} is not finished from {} on\n", topic, number, offset);
        }
    }
    for (auto const& [topic, number] : log.open())
        left += fmt::format("a transaction is open in {}/{}\n", topic, number);
    return left;
}

}  // namespace klamm::simulated
