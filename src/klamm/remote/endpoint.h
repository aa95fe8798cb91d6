// remote/endpoint.h - names as people write them, and the addresses behind them.
#pragma once

#include "klamm/host/address.h"

#include <sys/socket.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::remote {

/// An address that can be connected to.
struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;
    std::string name;  ///< "127.0.0.1:9092", "klamm.example:9092 (192.0.2.7)"
    bool operator==(Endpoint const& other) const { return name == other.name; }
};

/// "HOST:PORT,…", at least one. The error says what is wrong.
[[nodiscard]] std::expected<std::vector<host::Address>, std::string> parse_bootstrap(
    std::string_view list);

struct Resolved {
    std::vector<Endpoint> endpoints;    ///< in the order of the names, each once
    std::vector<std::string> troubles;  ///< of names that are not known
};
/// Asks name servers, and waits for them.
Resolved resolve(std::vector<host::Address> const& addresses);

}  // namespace klamm::remote
