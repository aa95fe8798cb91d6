#include "klamm/cli/dlq/connection.h"

#include "klamm/kafka_bus/kafka_bus.h"

#include <fmt/format.h>

namespace klamm::cli {

Outcome<std::unique_ptr<Connection>> Connection::open(ClientOptions const& options) {
    kafka_bus::Options to;
    to.bootstrap = options.bootstrap;
    to.patience = options.timeout();
    for (auto const& property : options.properties) {
        auto const equals = property.find('=');
        if (equals == std::string::npos || equals == 0)
            return misused(fmt::format("-X {}: write NAME=VALUE", property));
        to.client[property.substr(0, equals)] = property.substr(equals + 1);
    }
    auto connection = std::unique_ptr<Connection>(new Connection(options));
    auto bus = kafka_bus::make_kafka_bus(connection->loop_, std::move(to));
    if (!bus) return misused(bus.error(), "-X takes librdkafka's properties");
    connection->bus_ = std::move(*bus);
    return connection;
}

/// On the loop, as all that is done with a bus.
Connection::~Connection() {
    loop_.call([this] { bus_.reset(); });
}

Failure Connection::failure(bus::Error const& error) const {
    using Kind = bus::Error::Kind;
    switch (error.kind) {
        case Kind::away:
            return {.what = error.why,
                    .hint = fmt::format("is a broker at {}? --bootstrap or KLAMM_BOOTSTRAP names "
                                        "another",
                                        bootstrap_),
                    .is_transient = true};
        case Kind::unknown_outcome:
            return {.what = error.why,
                    .hint =
                        "the last transaction may have happened or not; the same command goes "
                        "on where it ended, and does nothing twice"};
        case Kind::aborted:
            return {.what = error.why, .hint = "the same command goes on where it ended"};
        case Kind::fenced:
        case Kind::refused:
            break;
    }
    return {.what = error.why, .hint = {}};
}

}  // namespace klamm::cli
