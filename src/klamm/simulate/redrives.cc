#include "klamm/simulate/redrives.h"

#include "klamm/handler/dead_letter.h"
#include "klamm/handler/redrive.h"

namespace klamm::simulated {

std::set<std::string> dead_letter_topics(App const& app, std::string_view topic) {
    std::set<std::string> topics;
    for (auto const& each : app.declarations())
        if (topic.empty() || each.topic == topic)
            topics.insert(handler::dead_letter_topic(each.topic, each.options));
    return topics;
}

void redrive_all(bus::Loop& loop, bus::Bus& bus, std::string const& letters,
                 bus::Done<std::uint64_t> done) {
    static handler::RedriveObserver silent;
    handler::RedriveOptions options;
    options.topic = letters;
    handler::redrive(loop, bus, std::move(options), silent,
                     [done = std::move(done)](bus::Result<handler::RedriveResult> result) mutable {
                         if (!result) return done(std::unexpected(result.error()));
                         done(result->redriven);
                     });
}

}  // namespace klamm::simulated
