// host/http_port.h - an HTTP server with a listening socket and a thread of its own.
#pragma once

#include "klamm/host/address.h"
#include "klamm/host/http.h"
#include "klamm/host/metrics.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

namespace klamm::host {

class HttpPort {
public:
    /// So that a port which is taken is known before anything else happens.
    [[nodiscard]] static std::expected<std::unique_ptr<HttpPort>, std::string> bind(
        Address const& address);
    ~HttpPort();  ///< stops it
    HttpPort(HttpPort const&) = delete;
    HttpPort& operator=(HttpPort const&) = delete;

    Address address() const;
    /// `serve` is called on the port's thread. What it keeps of exchanges it gives up before the
    /// port is destroyed.
    [[nodiscard]] std::expected<void, std::string> start(
        Metrics& metrics, HttpServer::Serve serve,
        HttpServer::TakesLargeBodies takes_large_bodies = [](std::string_view) { return false; },
        HttpLimits limits = {});

    // ---- stopping, in this order ---------------------------------------------------------

    void close();  ///< accepts no more
    /// A connection ends with the answer that is being made for it.
    void drain();
    /// Ends the thread.
    void stop();

    std::size_t connections() const;

private:
    struct Impl;
    explicit HttpPort(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace klamm::host
