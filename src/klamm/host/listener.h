// host/listener.h - a listening socket. Bound when it is made, so that a port which is taken is
// known before anything else happens; it listens later, when there is somebody to serve.
#pragma once

#include "klamm/host/address.h"

#include <expected>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace klamm::host {

class Listener {
public:
    virtual ~Listener() = default;

    /// With the port that the kernel chose, if it was asked to.
    virtual Address address() const = 0;
    /// `accepted` gets each new connection's descriptor, which is then its own. It is called on
    /// the thread that runs the context.
    [[nodiscard]] virtual std::expected<void, std::string> listen(
        std::function<void(int descriptor)> accepted) = 0;
    /// Accepts no more. Any thread.
    virtual void close() = 0;
};

/// The error is one sentence that names the address.
[[nodiscard]] std::expected<std::unique_ptr<Listener>, std::string> bind_listener(
    boost::asio::io_context& context, Address const& address);

}  // namespace klamm::host
