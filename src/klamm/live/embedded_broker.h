// live/embedded_broker.h - the whole broker in this process: recovery, journal, housekeeping, and
// ports for others only where they are wanted.
#pragma once

#include "klamm/host/server.h"
#include "klamm/live/local_connector.h"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::live {

class EmbeddedBroker {
public:
    /// What its HTTP port shows beside its own pages; see host::Inside.
    struct Pages {
        std::function<std::optional<host::HttpAnswer>(std::string_view path)> page;
        std::function<std::string()> metrics;
    };
    /// Ports are those of `options` that are given. `loop` lives longer, and is the one that the
    /// connections are used on. The error is one message, for a person: such as that another
    /// process has the data directory.
    [[nodiscard]] static std::expected<std::unique_ptr<EmbeddedBroker>, std::string> start(
        bus::Loop& loop, host::Options options, Pages pages = {});
    /// Makes everything durable, saves a checkpoint. Requires that all connections are gone. Not on
    /// the loop, for which it waits.
    ~EmbeddedBroker() = default;

    bus::Connector& connector() { return connector_; }
    host::Server& server() { return *server_; }

private:
    explicit EmbeddedBroker(bus::Loop& loop) : connector_(loop) {}

    LocalConnector connector_;
    std::unique_ptr<host::Server> server_;
};

}  // namespace klamm::live
