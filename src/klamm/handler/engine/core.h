// handler/engine/core.h - what all rooms of the engine share.
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/handler/engine/routes.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace klamm::handler {

/// What runs look at, also one that is still with a worker when the engine is gone.
struct Fixed {
    explicit Fixed(App const& app)
        : routes(app),
          source(app.options().source.empty() ? "/" + app.name() : app.options().source) {}

    Routes const routes;
    std::string const source;  ///< ce_source of what is sent
};

struct Core {
    Core(App const& the_app, EngineOptions the_options, Parts the_parts)
        : app(the_app),
          options(std::move(the_options)),
          parts(the_parts),
          fixed(std::make_shared<Fixed const>(the_app)),
          routes(fixed->routes),
          random(options.seed) {}

    App const& app;
    EngineOptions const options;
    Parts const parts;
    std::shared_ptr<Fixed const> const fixed;
    Routes const& routes;
    Random random;
    Counts counts;
    std::map<std::string, std::int32_t> partitions;  ///< of the topics that are needed
    /// Handlers at work, by partition, also those of a partition that is not ours any more: when it
    /// comes back, it waits for them, so that no key is handled twice at once.
    std::map<bus::TopicPartition, std::shared_ptr<std::int32_t>> at_work;

    /// When runs that begin now begin, and the one that observers hear of ended: the clock is not
    /// asked for each.
    Now moment{};

    /// A transaction was refused: so many results are committed each in a transaction of its own,
    /// until it is known which of them it was.
    std::size_t alone = 0;
    /// Events whose effects were refused, and why. When they come again they are dead letters.
    std::map<Position, std::string> refused;
    /// The same of delayed events, by their entries in ledgers.
    std::map<std::string, std::string> refused_due;

    bool mutated(Mutation mutation) const { return options.mutation == mutation; }
    Time time() const { return Time{milliseconds{parts.loop.now().wall_ms}}; }
    /// first × 2^n, at most `longest`.
    static Duration backoff(std::int32_t n, Duration first = Duration{100},
                            Duration longest = Duration{10'000}) {
        for (; n > 0 && first < longest; --n) first *= 2;
        return std::min(first, longest);
    }
};

}  // namespace klamm::handler
