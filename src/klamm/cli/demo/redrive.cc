#include "klamm/cli/demo/redrive.h"

#include "klamm/cli/dlq/connection.h"
#include "klamm/handler/redrive.h"

namespace klamm::cli {

Outcome<std::int64_t> redrive_dead_letters(ClientOptions const& options, std::string const& topic) {
    auto connection = Connection::open(options);
    if (!connection) return std::unexpected(connection.error());
    auto& bus = (*connection)->bus();
    auto const found = (*connection)->ask<std::vector<bus::TopicDescription>>([&](auto done) {
        bus.describe_topics({topic}, std::move(done));
    });
    if (!found) return std::unexpected(found.error());
    if (found->empty() || found->front().partitions == 0) return 0;
    handler::RedriveObserver nobody;
    auto const done = (*connection)->ask<handler::RedriveResult>([&](auto when_done) {
        handler::redrive((*connection)->loop(), bus, {.topic = topic}, nobody,
                         std::move(when_done));
    });
    if (!done) return std::unexpected(done.error());
    return std::int64_t(done->redriven);
}

}  // namespace klamm::cli
