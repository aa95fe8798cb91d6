#include "klamm/live/setup.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cstdint>
#include <utility>

namespace klamm::live {
namespace {

constexpr milliseconds session_timeout_min{1'000};
constexpr milliseconds session_timeout_max{1'800'000};
constexpr milliseconds transaction_timeout_min{1'000};
constexpr milliseconds transaction_timeout_max{900'000};  // what brokers allow at most

std::expected<std::optional<host::Address>, std::string> address(std::string_view option,
                                                                 std::string const& text) {
    if (text.empty()) return std::nullopt;
    auto parsed = host::parse_address(text);
    if (!parsed) return std::unexpected(fmt::format("{}: {}", option, parsed.error()));
    return *parsed;
}

std::expected<void, std::string> check(std::string_view option, milliseconds value,
                                       milliseconds least, milliseconds most) {
    if (value >= least && value <= most) return {};
    return std::unexpected(fmt::format("{} is {} ms; allowed: {} to {}", option, value.count(),
                                       least.count(), most.count()));
}

/// What nobody else is called, as far as chance goes.
std::string by_chance() {
    std::uint64_t bits = 0;
    std::ignore = ::getrandom(&bits, sizeof bits, 0);
    return fmt::format("{:016x}", bits);
}

host::Durability durability(Durability of) {
    switch (of) {
        case Durability::synced:
            return host::Durability::synced;
        case Durability::page_cache:
            return host::Durability::page_cache;
        case Durability::memory:
            break;
    }
    return host::Durability::memory;
}

}  // namespace

std::expected<Setup, std::string> read_setup(RunOptions options) {
    Setup setup;
    setup.embedded = options.bootstrap.empty();
    auto http = address("http", options.http);
    if (!http) return std::unexpected(http.error());
    setup.http = *http;
    auto listen = address("listen", options.listen);
    if (!listen) return std::unexpected(listen.error());
    if (*listen && !setup.embedded)
        return std::unexpected(
            "listen is where a broker in this process would be reached, and with bootstrap there "
            "is none; leave one of them out");
    if (*listen && host::is_wildcard(**listen))
        return std::unexpected(fmt::format(
            "listen {} names no address that clients could connect to; name one of the machine's",
            options.listen));
    if (setup.embedded && options.data.empty() && options.durability != Durability::memory)
        return std::unexpected("data is empty; name the directory that holds the events");
    if (auto const fine = check("session_timeout", options.session_timeout, session_timeout_min,
                                session_timeout_max);
        !fine)
        return std::unexpected(fine.error());
    if (auto const fine = check("transaction_timeout", options.transaction_timeout,
                                transaction_timeout_min, transaction_timeout_max);
        !fine)
        return std::unexpected(fine.error());
    setup.named = setup.embedded || !options.instance.empty();
    if (options.instance.empty()) options.instance = setup.embedded ? "embedded" : by_chance();

    setup.broker.kafka = *listen;
    setup.broker.http = setup.http;
    setup.broker.data = options.data;
    setup.broker.durability = durability(options.durability);
    setup.run = std::move(options);
    return setup;
}

}  // namespace klamm::live
