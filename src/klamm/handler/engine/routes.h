// handler/engine/routes.h - which topics an App needs, and which handler an event goes to.
#pragma once

#include "klamm/app.h"
#include "klamm/bus/bus.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

struct Handler {
    Declaration const* declaration = nullptr;
    std::string name;
    std::string dead_letters;  ///< their topic
    HandlerOptions const& options() const { return declaration->options; }
    EventType const& type() const { return *declaration->type; }
};

/// A topic that is handled.
struct Route {
    std::string topic;
    std::string ledger;
    std::string dead_letters;         ///< of events that no handler wants
    bool in_partition_order = false;  ///< one of its handlers asks for it
    std::vector<Handler> handlers;

    /// Null: nobody wants events of this type. An event that does not say goes to the topic's only
    /// handler.
    Handler const* find(std::string_view type) const;
};

class Routes {
public:
    explicit Routes(App const& app);

    /// Why the App cannot be run as it is declared; empty: it can.
    std::string problem() const;

    Route const* find(std::string_view topic) const;
    std::map<std::string, Route, std::less<>> const& all() const { return routes_; }
    std::vector<std::string> topics() const;  ///< that are handled

    /// What is to be asked for: topics handled and sent to, ledgers, dead letters.
    std::vector<std::string> needed() const;
    /// Those that are missing, as they are to be made; `partitions` of those that are there.
    std::vector<bus::TopicSpec> missing(
        std::map<std::string, std::int32_t> const& partitions) const;

private:
    TopicOptions const& options_of(std::string const& topic) const;

    App const& app_;
    std::map<std::string, Route, std::less<>> routes_;
};

}  // namespace klamm::handler
