#include "klamm/live/embedded_broker.h"

#include <utility>

namespace klamm::live {

std::expected<std::unique_ptr<EmbeddedBroker>, std::string> EmbeddedBroker::start(
    bus::Loop& loop, host::Options options, Pages pages) {
    std::unique_ptr<EmbeddedBroker> made(new EmbeddedBroker(loop));
    auto server = host::start_server(std::move(options), {.ends = made->connector_.ends(),
                                                          .page = std::move(pages.page),
                                                          .metrics = std::move(pages.metrics)});
    if (!server) return std::unexpected(server.error());
    made->server_ = std::move(*server);
    made->connector_.attach(made->server_->core());
    return made;
}

}  // namespace klamm::live
