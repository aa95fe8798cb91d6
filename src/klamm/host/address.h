// host/address.h - HOST:PORT, as people write it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace klamm::host {

struct Address {
    std::string host;  ///< a name or a number; IPv6 without its brackets
    std::uint16_t port = 0;
    bool operator==(Address const&) const = default;
};

std::string to_string(Address const& address);  ///< "127.0.0.1:9092", "[::1]:9092"

/// The error says what is wrong with `text`, which it names.
[[nodiscard]] std::expected<Address, std::string> parse_address(std::string_view text);

/// Whether only this machine can reach it: 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(Address const& address);
/// Whether it stands for every address of the machine, and so names none: 0.0.0.0 and ::.
bool is_wildcard(Address const& address);

}  // namespace klamm::host
