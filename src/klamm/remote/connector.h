// remote/connector.h - reaches a broker in another process, over TCP.
#pragma once

#include "klamm/bus/link.h"
#include "klamm/remote/poller.h"
#include "klamm/remote/route.h"

#include <memory>
#include <string>
#include <vector>

namespace klamm::remote {

class Connector final : public bus::Connector {
public:
    /// All addresses lead to the same broker. `poller` is looked at on `loop`; both live longer
    /// than all connections. `log` is told of what goes wrong.
    Connector(bus::Loop& loop, Poller& poller, std::vector<host::Address> bootstrap,
              Route::Log log);

    std::unique_ptr<bus::Connection> connect(std::string const& client_id) override;
    /// Why nothing works; empty: something does, or nothing was tried.
    std::string const& last_trouble() const { return route_->last_trouble(); }

private:
    bus::Loop& loop_;
    Poller& poller_;
    std::shared_ptr<Route> const route_;
};

}  // namespace klamm::remote
