#include "klamm/handler/engine/routes.h"

#include "klamm/handler/dead_letter.h"
#include "klamm/handler/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::handler {
namespace {

/// What is kept of an event is larger than the event: a dead letter, or one that waits.
constexpr char const* kept_bytes_max = "16777216";

}  // namespace

Handler const* Route::find(std::string_view type) const {
    if (type.empty()) return handlers.size() == 1 ? handlers.data() : nullptr;
    auto const found = std::ranges::find(handlers, type, [](Handler const& handler) {
        return std::string_view{handler.type().name};
    });
    return found == handlers.end() ? nullptr : &*found;
}

Routes::Routes(App const& app) : app_(app) {
    for (auto const& declaration : app.declarations()) {
        auto& route = routes_[declaration.topic];
        if (route.topic.empty()) {
            route.topic = declaration.topic;
            route.ledger = ledger_topic(app.name(), declaration.topic);
            route.dead_letters = dead_letter_topic(declaration.topic, {});
        }
        route.in_partition_order |= declaration.options.order == Order::partition;
        route.handlers.push_back({&declaration, declaration.options.name,
                                  dead_letter_topic(declaration.topic, declaration.options)});
    }
}

std::string Routes::problem() const {
    if (app_.name().empty()) return "the App has no name";
    if (routes_.empty()) return fmt::format("{} has no handler", app_.name());
    for (auto const& [topic, route] : routes_) {
        for (auto const& handler : route.handlers) {
            if (route.find(handler.type().name) != &handler)
                return fmt::format("{} has two handlers for {} in {}", app_.name(),
                                   handler.type().name, topic);
            if (handler.dead_letters == topic)
                return fmt::format("{} would send the dead letters of {} to {} itself", app_.name(),
                                   handler.name, topic);
        }
    }
    return {};
}

Route const* Routes::find(std::string_view topic) const {
    auto const found = routes_.find(topic);
    return found == routes_.end() ? nullptr : &found->second;
}

std::vector<std::string> Routes::topics() const {
    std::vector<std::string> names;
    for (auto const& [name, route] : routes_) names.push_back(name);
    return names;
}

std::vector<std::string> Routes::needed() const {
    std::set<std::string> names;
    for (auto const& [name, options] : app_.topics()) names.insert(name);
    for (auto const& sends : app_.sends()) names.insert(sends.topic);
    for (auto const& [name, route] : routes_) {
        names.insert(name);
        names.insert(route.ledger);
        if (app_.options().unknown_types == UnknownTypes::dead_letter)
            names.insert(route.dead_letters);
        for (auto const& handler : route.handlers) names.insert(handler.dead_letters);
    }
    return {names.begin(), names.end()};
}

TopicOptions const& Routes::options_of(std::string const& topic) const {
    auto const found = app_.topics().find(topic);
    return found == app_.topics().end() ? app_.options().topics : found->second;
}

std::vector<bus::TopicSpec> Routes::missing(
    std::map<std::string, std::int32_t> const& partitions) const {
    auto const there = [&](std::string const& topic) {
        auto const found = partitions.find(topic);
        return found == partitions.end() ? 0 : found->second;
    };
    std::map<std::string, bus::TopicSpec> specs;
    auto const want = [&](std::string const& topic, std::int32_t count,
                          std::map<std::string, std::string> configs) {
        if (there(topic) > 0) return;
        auto& spec = specs[topic];
        spec.name = topic;
        spec.partitions = std::max(spec.partitions, count);
        spec.configs = std::move(configs);
    };
    auto const declared = [&](std::string const& topic) {
        want(topic, options_of(topic).partitions, options_of(topic).configs);
    };
    for (auto const& [name, options] : app_.topics()) declared(name);
    for (auto const& sends : app_.sends()) declared(sends.topic);
    for (auto const& [name, route] : routes_) {
        declared(name);
        auto const count = there(name) > 0 ? there(name) : options_of(name).partitions;
        want(route.ledger, count,
             {{"cleanup.policy", "compact"}, {"max.message.bytes", kept_bytes_max}});
        // A key whose dead letters are gone would wait for ever: they stay until they are redriven
        // or given up.
        auto const letters = [&](std::string const& topic) {
            if (app_.topics().contains(topic)) return;
            want(topic, count, {{"retention.ms", "-1"}, {"max.message.bytes", kept_bytes_max}});
        };
        for (auto const& handler : route.handlers) letters(handler.dead_letters);
        if (app_.options().unknown_types == UnknownTypes::dead_letter) letters(route.dead_letters);
    }
    std::vector<bus::TopicSpec> missing;
    for (auto& [name, spec] : specs) missing.push_back(std::move(spec));
    return missing;
}

}  // namespace klamm::handler
