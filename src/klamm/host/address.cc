#include "klamm/host/address.h"

#include <fmt/format.h>

#include <charconv>

namespace klamm::host {

std::string to_string(Address const& address) {
    bool const v6 = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
}

std::expected<Address, std::string> parse_address(std::string_view text) {
    auto const refuse = [&](std::string_view why) {
        return std::unexpected(
            fmt::format("'{}' {}; expected HOST:PORT with a port of 0 to 65535, "
                        "for example 127.0.0.1:9092",
                        text, why));
    };
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse("has no port");
    auto host = text.substr(0, colon);
    auto const port = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return refuse("has an IPv6 address without [brackets]");
    if (host.empty()) return refuse("has no host");

    Address address{std::string(host), 0};
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size())
        return refuse("has a port that is none");
    return address;
}

bool is_loopback(Address const& address) {
    return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

bool is_wildcard(Address const& address) {
    return address.host == "0.0.0.0" || address.host == "::";
}

}  // namespace klamm::host
