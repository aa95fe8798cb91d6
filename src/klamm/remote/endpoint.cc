#include "klamm/remote/endpoint.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace klamm::remote {
namespace {

using Found = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Endpoint endpoint(host::Address const& address, addrinfo const& found) {
    Endpoint made;
    std::memcpy(&made.address, found.ai_addr, found.ai_addrlen);
    made.size = found.ai_addrlen;
    made.name = host::to_string(address);
    std::array<char, NI_MAXHOST> number{};
    ::getnameinfo(found.ai_addr, found.ai_addrlen, number.data(), number.size(), nullptr, 0,
                  NI_NUMERICHOST);
    if (address.host != number.data()) made.name += fmt::format(" ({})", number.data());
    return made;
}

}  // namespace

std::expected<std::vector<host::Address>, std::string> parse_bootstrap(std::string_view list) {
    std::vector<host::Address> addresses;
    while (true) {
        auto const comma = list.find(',');
        auto one = list.substr(0, comma);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        auto address = host::parse_address(one);
        if (!address) return std::unexpected(std::move(address.error()));
        addresses.push_back(std::move(*address));
        if (comma == std::string_view::npos) return addresses;
        list.remove_prefix(comma + 1);
    }
}

Resolved resolve(std::vector<host::Address> const& addresses) {
    Resolved resolved;
    for (auto const& address : addresses) {
        addrinfo wanted{};
        wanted.ai_socktype = SOCK_STREAM;
        wanted.ai_flags = AI_NUMERICSERV;
        addrinfo* first = nullptr;
        auto const error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(),
                                         &wanted, &first);
        if (error != 0) {
            resolved.troubles.push_back(
                fmt::format("{}: {}", host::to_string(address), ::gai_strerror(error)));
            continue;
        }
        Found const found(first, &::freeaddrinfo);
        for (auto const* at = found.get(); at != nullptr; at = at->ai_next) {
            auto one = endpoint(address, *at);
            if (std::ranges::find(resolved.endpoints, one) == resolved.endpoints.end())
                resolved.endpoints.push_back(std::move(one));
        }
    }
    return resolved;
}

}  // namespace klamm::remote
